// The text of a page that is made of knowledge, without a model and with one; plain C++.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

// The words of a title that entries are looked up by: longer than 3 characters, each once, in lower case.
std::vector<std::string> titleWords(std::string_view title);

// Title, what there is of each type, and each fact in a line, in the order given. The same entries make the same text.
std::string articleOf(std::string_view title, const std::vector<Entry>& entries);

// What a model is asked.
std::string articlePrompt();
std::string articleQuestion(std::string_view title, const std::vector<Entry>& entries);
// The page of its answer, perhaps in a code fence: with the title, and with the facts that it does not tell as
// bullets at the end. Empty: the answer is empty, too long, or does not tell half of the facts.
std::optional<std::string> articleOfAnswer(std::string_view title, const std::vector<Entry>& entries,
                                           std::string_view answer);

}  // namespace projects
