// The conditions of a list of entries as SQL.
#pragma once

#include <mortise/where.hpp>

#include <string_view>

#include "knowledge/entry_store.hpp"

namespace projects {

// Of the project's entries those that the filter asks for, but for textPart and before. Few texts of statements come of
// it: one filter, the one that leaves the fewest, is spelled out, so that its index serves (`leads`); the others stand
// in one text, whether they are asked for or not. `columns`: what stands before each column: "projects_entries.".
mortise::db::Where entriesWhere(std::string_view projectId, const EntryFilter& filter, bool leads, bool isSqlite,
                                std::string_view columns);

}  // namespace projects
