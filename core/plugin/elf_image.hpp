// Reads two things of a module file before it is loaded: its manifest section and its exported symbols.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::plugin {

struct ElfSymbol {
  std::string name;
  std::uint64_t size = 0;
  bool isObject = false;
};

struct ElfImage {
  bool hasManifest = false;
  std::string_view manifest;  // into the given bytes
  std::vector<ElfSymbol> exports;
};

// The fault of the file, as "expected ..., found ...; what to do".
class ElfError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads an ELF shared library of this machine from memory. Every offset is checked. Throws ElfError.
ElfImage readElf(std::string& bytes);

}  // namespace mortise::plugin
