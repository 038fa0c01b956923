#include "sdk/embed/cpp_name.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mortise::embed {
namespace {

bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isWordCharacter(char c) { return isLower(c) || isUpper(c) || isDigit(c); }
char upper(char c) { return isLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return isUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (isWordCharacter(c)) {
      out.back().push_back(c);
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

// Keywords of C++20 with their alternative spellings, and the macros that a module's headers are likely to see.
constexpr std::array kTaken = {
    "alignas",     "alignof",   "and",        "and_eq",    "asm",      "auto",         "bitand",
    "bitor",       "bool",      "break",      "case",      "catch",    "char",         "char8_t",
    "char16_t",    "char32_t",  "class",      "compl",     "concept",  "const",        "consteval",
    "constexpr",   "constinit", "const_cast", "continue",  "co_await", "co_return",    "co_yield",
    "decltype",    "default",   "delete",     "do",        "double",   "dynamic_cast", "else",
    "enum",        "explicit",  "export",     "extern",    "false",    "float",        "for",
    "friend",      "goto",      "if",         "inline",    "int",      "long",         "mutable",
    "namespace",   "new",       "noexcept",   "not",       "not_eq",   "nullptr",      "operator",
    "or",          "or_eq",     "private",    "protected", "public",   "register",     "reinterpret_cast",
    "requires",    "return",    "short",      "signed",    "sizeof",   "static",       "static_assert",
    "static_cast", "struct",    "switch",     "template",  "this",     "thread_local", "throw",
    "true",        "try",       "typedef",    "typeid",    "typename", "union",        "unsigned",
    "using",       "virtual",   "void",       "volatile",  "wchar_t",  "while",        "xor",
    "xor_eq",      "errno",     "linux",      "unix",      "stdin",    "stdout",       "stderr",
    "EOF",         "NULL",      "NAN",        "INFINITY"};

}  // namespace

std::string pascalCase(std::string_view text) {
  std::string out;
  for (auto& word : words(text)) {
    word.front() = upper(word.front());
    out += word;
  }
  return out;
}

std::string camelCase(std::string_view text) {
  std::string out;
  for (auto& word : words(text)) {
    if (!out.empty()) {
      word.front() = upper(word.front());
    } else if (std::none_of(word.begin(), word.end(), isLower)) {
      std::transform(word.begin(), word.end(), word.begin(), lower);
    } else {
      word.front() = lower(word.front());
    }
    out += word;
  }
  return out;
}

std::string snakeCase(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !isWordCharacter(c); }, '_');
  return out;
}

std::string whyNoCppName(std::string_view name) {
  const bool spelled = !name.empty() && !isDigit(name.front()) &&
                       std::all_of(name.begin(), name.end(), [](char c) { return isWordCharacter(c) || c == '_'; });
  if (!spelled) return "is no C++ identifier";
  if (name.find("__") != std::string_view::npos || (name.front() == '_' && (name.size() < 2 || !isLower(name[1]))))
    return "is reserved in C++";
  return std::find(kTaken.begin(), kTaken.end(), name) == kTaken.end() ? "" : "is a C++ keyword";
}

}  // namespace mortise::embed
