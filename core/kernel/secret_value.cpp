#include "core/kernel/secret_value.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mortise::kernel {

std::string secretValue(const std::string& setting) {
  if (!setting.starts_with('@')) return setting;
  const auto path = setting.substr(1);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("names the file " + path + ", which can't be read");
  std::string value(std::istreambuf_iterator<char>(file), {});
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (value.empty()) throw std::runtime_error("names the file " + path + ", which is empty");
  return value;
}

}  // namespace mortise::kernel
