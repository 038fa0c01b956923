#include "mcp/tool_names.hpp"

#include <mortise/digest.hpp>

#include <cstddef>

#include "web_text.hpp"

namespace agent::mcp {
namespace {

constexpr std::size_t kMaxLength = 64;
constexpr std::size_t kHashDigits = 8;

std::string cut(const std::string& name, std::string_view whole) {
  return name.substr(0, kMaxLength - kHashDigits - 1) + "_" + mortise::sha256Hex(whole).substr(0, kHashDigits);
}

// Nothing that either name can hold stands between them.
std::string pairOf(std::string_view server, std::string_view tool) {
  return std::string(server).append(1, '\0').append(tool);
}

std::string plainName(std::string_view server, std::string_view tool) {
  std::string out = server.starts_with("mcp_") ? "" : "mcp_";
  out.append(server).append("_").append(tool);
  for (char& c : out) {
    if (!isAsciiAlphanumeric(c) && c != '-') c = '_';
  }
  return out;
}

}  // namespace

std::string functionName(std::string_view server, std::string_view tool) {
  auto name = plainName(server, tool);
  return name.size() > kMaxLength ? cut(name, pairOf(server, tool)) : name;
}

std::string ToolNames::add(std::string_view server, std::string_view tool) {
  const auto whole = pairOf(server, tool);
  auto name = functionName(server, tool);
  for (std::string salt; !taken_.emplace(name, whole).second; salt.push_back('\0')) {
    if (taken_.find(name)->second == whole) return name;
    name = cut(plainName(server, tool), whole + salt);
  }
  return name;
}

}  // namespace agent::mcp
