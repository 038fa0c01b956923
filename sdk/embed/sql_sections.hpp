// The sections of a migration: a line "-- mortise:sqlite", "-- mortise:postgresql" or "-- mortise:all" says for which
// database what follows is. The kernel reads them (core/db/migrations.cpp); here mistakes show at build time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mortise::embed {

// What is wrong with the sections of `sql`, each as "FILE:LINE: …": a database that there is none of, a comment that is
// meant as such a line and is not read as one, and, where `bothNeeded`, SQL for one database with nothing for the other.
std::vector<std::string> sectionFaults(std::string_view sql, const std::string& file, bool bothNeeded);

}  // namespace mortise::embed
