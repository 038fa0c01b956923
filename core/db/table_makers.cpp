#include "core/db/table_makers.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace mortise::db {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr ColumnType kText[] = {ColumnType::text};

// Tables and views, in small letters.
Names relations(Connection& connection, Backend backend) {
  const auto rows = connection.query(
      backend == Backend::sqlite
          ? "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
          : "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384",
      {}, kText);
  Names names;
  while (rows->next()) names.insert(text::lower(rows->text(0)));
  return names;
}

std::vector<std::string> owners(Connection& connection) {
  const auto rows = connection.query("SELECT DISTINCT owner FROM mortise_migrations", {}, kText);
  std::vector<std::string> owners;
  while (rows->next()) owners.emplace_back(rows->text(0));
  return owners;
}

void insert(Connection& connection, std::string_view name, std::string_view owner) {
  connection.execute("INSERT INTO mortise_tables (name, owner) VALUES (:name, :owner) ON CONFLICT (name) DO NOTHING",
                     {{"name", std::string(name)}, {"owner", std::string(owner)}});
}

// "notes_a (in the text of the function f)"
std::string_view relationOf(std::string_view name) { return name.substr(0, name.find(" (in the text of ")); }

}  // namespace

bool TableMakers::prepare(Connection& connection, Backend backend) {
  const auto names = relations(connection, backend);
  if (names.contains("mortise_tables")) return false;
  connection.executeScript("CREATE TABLE mortise_tables (name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL)");
  auto all = owners(connection);
  std::sort(all.begin(), all.end(), [](const auto& one, const auto& other) { return one.size() > other.size(); });
  for (const auto& name : names) {
    const auto owner =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return name.starts_with(each + "_"); });
    if (owner != all.end()) insert(connection, name, *owner);
  }
  return true;
}

TableMakers::TableMakers(Connection& connection, Backend backend, std::string_view owner)
    : connection_(connection), backend_(backend), owner_(owner), prefix_(owner_ + "_") {
  const auto rows = connection.query("SELECT name, owner FROM mortise_tables", {},
                                     std::vector<ColumnType>{ColumnType::text, ColumnType::text});
  while (rows->next()) {
    if (begins(rows->text(0))) makers_.emplace(rows->text(0), rows->text(1));
  }
  for (const auto& other : owners(connection)) {
    if (begins(other)) longer_.push_back(other + "_");
  }
  before_ = relations(connection, backend);
}

void TableMakers::lookAgain() { after_ = relations(connection_, backend_); }

std::string TableMakers::objection(std::string_view name) const {
  const auto relation = relationOf(name);
  const auto maker = makers_.find(relation);
  const bool foreign = maker != makers_.end() && maker->second != owner_;
  const bool isNew = after_.contains(relation) && !before_.contains(relation);
  // Triggers, and what is gone again, have no maker: the owner with the longest name has them.
  const bool ofLonger = maker == makers_.end() && !isNew &&
                        std::any_of(longer_.begin(), longer_.end(),
                                    [&](const auto& beginning) { return relation.starts_with(beginning); });
  if (begins(relation) && !foreign && !ofLonger) return {};
  return "it names " + std::string(name) +
         (foreign ? ", which the module " + maker->second + " made" : ", which is not the module's own") +
         "; names of its tables, views and triggers begin with " + prefix_;
}

void TableMakers::note() {
  for (const auto& [name, owner] : makers_) {
    if (!after_.contains(name)) connection_.execute("DELETE FROM mortise_tables WHERE name = :name", {{"name", name}});
  }
  for (const auto& name : after_) {
    if (begins(name) && !before_.contains(name)) insert(connection_, name, owner_);
  }
}

}  // namespace mortise::db
