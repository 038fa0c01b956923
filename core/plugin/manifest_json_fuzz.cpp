// Arbitrary bytes as the embedded manifest: it is read, or refused in one line; never a crash.
#include <cstdint>
#include <cstdlib>

#include "core/plugin/manifest.hpp"
#include "core/plugin/registry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::plugin;
  try {
    const auto manifest = Manifest::parse({reinterpret_cast<const char*>(data), size}, "fuzz.so");
    if (manifest.name.empty() || manifest.name.size() > 40) std::abort();
    const Manifest* const all[] = {&manifest, &manifest};
    const auto plan = planStart(all);
    if (plan.order.size() + plan.refused.size() != 2) std::abort();
  } catch (const Refusal& refusal) {
    const std::string text = refusal.what();
    if (!text.ends_with(". Not loaded.") || text.find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
