#include "object_name.hpp"

#include <algorithm>

namespace files {
namespace {

// 20260224T093000Z
std::string stamp(mortise::Time now) {
  auto text = mortise::isoTime(now).substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + "Z";
}

}  // namespace

std::string normalName(std::string_view sent) {
  std::string name(sent);
  std::replace(name.begin(), name.end(), '\\', '/');
  return name.substr(std::min(name.find_first_not_of('/'), name.size()));
}

std::string probeName(std::string_view prefix, mortise::Time now, std::string_view hex, std::string_view basename) {
  auto folder = normalName(prefix);
  while (!folder.empty() && folder.back() == '/') folder.pop_back();
  if (!folder.empty()) folder += '/';
  return folder + stamp(now) + "-" + std::string(hex) + "-" + std::string(basename);
}

std::string smokeName(mortise::Time now, std::string_view hex) {
  return "__healthcheck__/" + stamp(now) + "-" + std::string(hex) + ".txt";
}

}  // namespace files
