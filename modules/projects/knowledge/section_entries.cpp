#include "knowledge/section_entries.hpp"

#include <mortise/entity.hpp>
#include <mortise/json.hpp>
#include <mortise/rows.hpp>

#include <utility>

#include "in_parts.hpp"
#include "knowledge/parsed_json.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
namespace json = mortise::json;

struct Row {
  std::int64_t entryId = 0;
  std::string projectId;
  std::string section;
  std::int64_t compilationId = 0;

  static constexpr auto kFields =
      mortise::fields("projects_section_entries", mortise::field("entry_id", &Row::entryId).key(),
                      mortise::field("project_id", &Row::projectId), mortise::field("section", &Row::section),
                      mortise::field("compilation_id", &Row::compilationId));
};

}  // namespace

std::string manifestText(const Manifest& manifest) {
  std::string out = "{";
  for (const auto& [section, ids] : manifest) {
    if (out.size() > 1) out.push_back(',');
    json::appendQuoted(out, section);
    out.append(":[");
    for (std::size_t i = 0; i < ids.size(); ++i) out.append(i == 0 ? "" : ",").append(std::to_string(ids[i]));
    out.push_back(']');
  }
  return out.append("}");
}

Manifest manifestOf(std::string_view text) {
  Manifest out;
  const auto parsed = parsedJson(text);
  if (!parsed || !parsed->IsObject()) return out;
  for (const auto& member : parsed->GetObject()) {
    if (!member.value.IsArray()) continue;
    auto& ids = out[std::string(member.name.GetString(), member.name.GetStringLength())];
    for (const auto& id : member.value.GetArray()) {
      if (id.IsInt64()) ids.push_back(id.GetInt64());
    }
  }
  return out;
}

std::vector<std::int64_t> idsOf(std::string_view manifest) {
  std::vector<std::int64_t> out;
  for (const auto& [section, ids] : manifestOf(manifest)) out.insert(out.end(), ids.begin(), ids.end());
  return out;
}

void SectionEntries::put(const Manifest& manifest, std::int64_t compilationId) const {
  db_.transaction([&](db::Session& session) {
    std::vector<Row> rows;
    std::vector<std::int64_t> ids;
    for (const auto& [section, entries] : manifest) {
      for (const auto id : entries) {
        rows.push_back({id, std::string(projectId_), section, compilationId});
        ids.push_back(id);
      }
    }
    eachBatch(ids, "entry_id", [&](db::Where& where) {
      session.execute("DELETE FROM projects_section_entries " + where.text(), where.parameters());
    });
    db::insertAll(session, rows);
  });
}

std::vector<SectionEntry> SectionEntries::of(std::string_view section, std::size_t limit) const {
  std::vector<SectionEntry> out;
  db_.each<std::int64_t, std::string, std::optional<std::string>, std::optional<mortise::Time>, std::int64_t>(
      "SELECT s.entry_id, e.user_id, e.persona_name, e.promoted_at, s.compilation_id FROM projects_section_entries s "
      "JOIN projects_entries e ON e.id = s.entry_id WHERE s.project_id = :project AND s.section = :section "
      "AND e.dismissed = 0 ORDER BY s.entry_id DESC LIMIT :limit",
      {{"project", projectId_}, {"section", section}, {"limit", limit}},
      [&](std::int64_t id, std::string user, std::optional<std::string> persona,
          std::optional<mortise::Time> promotedAt, std::int64_t compilation) {
        out.push_back({id, std::move(user), std::move(persona), promotedAt, compilation});
      });
  return out;
}

}  // namespace projects
