// Any bytes as module.yaml: the reader answers with a manifest or with findings, and does nothing else.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "sdk/embed/embed.hpp"
#include "sdk/embed/module_yaml.hpp"
#include "sdk/embed/refusal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;
  try {
    const auto module = mortise::embed::readModuleYaml({reinterpret_cast<const char*>(data), size}, "module.yaml");
    if (module.json.empty() || module.json.front() != '{' || module.json.back() != '}')
      throw std::logic_error("a manifest is a JSON object");
    mortise::embed::sourceOf(module.json);
  } catch (const mortise::embed::Refusal& refusal) {
    if (refusal.findings().empty()) throw std::logic_error("a refusal says why");
  }
  return 0;
}
