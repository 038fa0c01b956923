// What the numbers of a project's knowledge mean for people. Plain C++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry_changes.hpp"

namespace projects {

// Sentences that say what to do; none: nothing.
std::vector<std::string> recommendations(const KnowledgeNumbers& numbers, bool isCompiled);

// Some of these texts begins with three words, longer than 4 characters, none of which stands in the document.
bool tellsNothingOf(std::string_view document, const std::vector<std::string>& texts);

}  // namespace projects
