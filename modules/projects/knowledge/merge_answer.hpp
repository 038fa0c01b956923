// What a model is asked to make of a context document and new facts, and whether its answer is that. Plain C++.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "knowledge/compiler.hpp"

namespace projects {

inline constexpr std::size_t kMaxAskedDocument = 200'000;  // bytes of a document that a model is asked about

std::string mergePrompt();  // the system's words
// The document and the surest facts, as many as a question holds; those left out become bullets afterwards.
std::string mergeQuestion(const CompileDraft& draft);

// What is wrong with an answer, for the log.
struct RefusedAnswer {
  std::string reason;
};
// The answer, perhaps in a code fence, is taken when it is a document that has each section of the old one, tells most of
// what the old one told, and at least half of the facts that were asked. Facts that it does not tell become bullets.
std::variant<MergedDocument, RefusedAnswer> mergedDocument(const CompileDraft& draft, std::string_view answer);

}  // namespace projects
