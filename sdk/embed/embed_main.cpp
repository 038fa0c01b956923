// mortise-embed DIR -o FILE.c | mortise-embed DIR: writes the C source that carries a module's manifest, or prints the
// manifest.
#include <cstring>
#include <iostream>

#include "sdk/embed/embed.hpp"

namespace {

constexpr const char* kUsage =
    "usage: mortise-embed DIR -o FILE.c   writes the C source that carries the manifest of the module in DIR\n"
    "       mortise-embed DIR             prints the manifest (JSON)\n";

}  // namespace

int main(int count, char** argument) {
  if (count == 2 && (std::strcmp(argument[1], "--help") == 0 || std::strcmp(argument[1], "-h") == 0)) {
    std::cout << kUsage;
    return 0;
  }
  const bool print = count == 2 && argument[1][0] != '-';
  if (!print && (count != 4 || std::strcmp(argument[2], "-o") != 0)) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    if (print) {
      std::cout << mortise::embed::manifestOf(argument[1]) << "\n";
    } else {
      mortise::embed::embedModule(argument[1], argument[3]);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
