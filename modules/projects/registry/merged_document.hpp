// The context document of a project that another one was merged into.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace projects {

inline constexpr std::size_t kMaxDocument = 10'485'760;  // characters, as contracts/registry.yaml says

// `into` with what people wrote into `from`, the document of the project `name`: as a section of its own, whose headings
// lie below "Merged from NAME", without its title. A document without a word in it adds nothing, and gives way. [any]
std::string mergedDocument(std::string_view into, std::string_view name, std::string_view from);

}  // namespace projects
