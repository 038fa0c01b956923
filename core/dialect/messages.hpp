// Message catalogues: code -> text with {name} placeholders, per language. English is complete; another language falls
// back to it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/problem.hpp"

namespace mortise::dialect {

class Messages {
 public:
  // A later text of the same code replaces an earlier one of the same owner only; a module may not redefine a kernel
  // code (returns false). A code may be family-specific: "problem:not_found" takes precedence over "not_found" in that
  // dialect.
  bool add(std::string_view owner, std::string_view language, std::string code, std::string text);
  bool has(std::string_view code) const;
  // The text of a code in `language` for `dialect`, placeholders filled; the code itself when the catalogue has no
  // text.
  std::string text(std::string_view dialect, std::string_view code, std::string_view language,
                   const Params& params = {}) const;
  // The best of the known languages for an Accept-Language header (RFC 9110 12.5.4, basic filtering with q-values);
  // `fallback` when none matches.
  std::string_view choose(std::string_view acceptLanguage, std::string_view fallback) const;

 private:
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> languages_;
  std::map<std::string, std::string, std::less<>> owners_;
};

// The kernel's own catalogue (core/dialect/messages/{en,zh-CN}.yaml, embedded at build time).
void addKernelMessages(Messages& messages);

}  // namespace mortise::dialect
