// mortise-embed DIR -o FILE.c [--contract-header FILE.hpp] | mortise-embed DIR: writes the C source that carries a module's
// manifest, the C++ header of its contracts and the source beside it, or prints the manifest.
#include <iostream>
#include <string>
#include <vector>

#include "sdk/embed/embed.hpp"

namespace {

constexpr const char* kUsage =
    "usage: mortise-embed DIR -o FILE.c [--contract-header FILE.hpp]\n"
    "           writes the C source that carries the manifest of the module in DIR, the C++ header of its contracts,\n"
    "           and beside it (FILE.cpp) the source of that header's functions\n"
    "       mortise-embed DIR\n"
    "           prints the manifest (JSON)\n";

}  // namespace

int main(int count, char** argument) {
  const std::vector<std::string> arguments(argument + 1, argument + count);
  if (count == 2 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::cout << kUsage;
    return 0;
  }
  const bool print = count == 2 && arguments[0][0] != '-';
  const bool write = (count == 4 || (count == 6 && arguments[3] == "--contract-header")) && arguments[1] == "-o";
  if (!print && !write) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    if (print) {
      std::cout << mortise::embed::manifestOf(arguments[0]) << "\n";
    } else {
      mortise::embed::embedModule(arguments[0], arguments[2]);
      if (count == 6) mortise::embed::writeContractCode(arguments[0], arguments[4]);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
