#include "catalog/function_names.hpp"

#include <mortise/digest.hpp>

#include "text/ascii.hpp"

namespace skills {
namespace {

constexpr std::size_t kHashDigits = 8;

std::string shortened(const std::string& name) {
  if (name.size() <= kMaxFunctionName) return name;
  return name.substr(0, kMaxFunctionName - kHashDigits - 1) + "_" + mortise::sha1Hex({name}).substr(0, kHashDigits);
}

}  // namespace

std::string functionName(std::string_view slug, std::string_view tool) {
  std::string name = "skill_";
  name.append(slug).append("_").append(tool);
  for (char& c : name) c = ascii::isAlphanumeric(c) ? ascii::lower(c) : '_';
  return shortened(name);
}

std::string FunctionNames::unique(const std::string& name) {
  auto candidate = name;
  for (int number = 1; !taken_.insert(candidate).second; ++number)
    candidate = shortened(name + "_" + std::to_string(number));
  return candidate;
}

}  // namespace skills
