// Arbitrary bytes as a module file: section and symbols are inside the file, or it is refused; never a crash.
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "core/plugin/elf_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::plugin;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto image = readElf(bytes);
    const std::less<> before;
    if (image.hasManifest && !image.manifest.empty() &&
        (before(image.manifest.data(), bytes.data()) ||
         before(bytes.data() + bytes.size(), image.manifest.data() + image.manifest.size()))) {
      std::abort();
    }
    for (const auto& symbol : image.exports) {
      if (symbol.name.empty()) std::abort();
    }
  } catch (const ElfError& error) {
    if (*error.what() == '\0') std::abort();
  }
  return 0;
}
