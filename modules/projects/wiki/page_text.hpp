// What a page's slug and text tell; plain C++. Each function takes time in proportion to its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// Words between white space.
std::int64_t countWords(std::string_view text);

// The text in one line: white space of any kind and length is one blank.
std::string inOneLine(std::string_view text);

// What stands in the one code fence that a model's answer is, else the answer; without white space around it.
std::string_view withoutFence(std::string_view answer);

// The title of a page that nobody gave one: hyphens are blanks, and each run of letters begins with a capital:
// guide/set-up is Guide/Set Up.
std::string titleOfSlug(std::string_view slug);

// What references and pages are compared by: [[Key Decisions]] and key-decisions are one.
std::string linkNameOf(std::string_view slugOrReference);

// The link names of the references in a text, [[slug]], [[slug|what is shown]] and [[slug#section]], each once, in the
// text's order, at most `most`. Those in code blocks and code spans are no references.
std::vector<std::string> referencesIn(std::string_view text, std::size_t most);

}  // namespace projects
