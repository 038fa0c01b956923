#include "knowledge/entry_filter_text.hpp"

#include <mortise/names.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {
namespace {

namespace db = mortise::db;

// Absent values are bound as these, which no row has.
constexpr std::int64_t kAny = -1;
constexpr std::string_view kAnyText = "";

template <class Enum>
std::string nameOr(const std::optional<Enum>& value) {
  return std::string(value ? std::string_view(mortise::detail::nameOf(*value)) : kAnyText);
}
std::int64_t numberOr(const std::optional<bool>& value) { return value ? (*value ? 1 : 0) : kAny; }

}  // namespace

db::Where entriesWhere(std::string_view projectId, const EntryFilter& filter, bool leads, bool isSqlite,
                       std::string_view columns) {
  const std::string at(columns);
  db::Where where;
  where.equals(at + "project_id", projectId);
  if (leads) {
    if (filter.sessionId) {
      where.equals(at + "session_id", *filter.sessionId);
    } else if (filter.personaName) {
      where.equals(at + "persona_name", *filter.personaName);
    } else if (filter.pending) {
      if (*filter.pending) {
        where.isNull(at + "compiled_at").raw(at + "dismissed = 0");
      } else {
        where.isNotNull(at + "compiled_at");
      }
    } else if (filter.type) {
      where.equals(at + "entry_type", *filter.type);
    } else if (filter.freshness) {
      where.equals(at + "freshness_class", *filter.freshness);
    } else if (filter.claimClass) {
      where.equals(at + "claim_class", *filter.claimClass);
    } else if (filter.authorClass) {
      where.equals(at + "author_class", *filter.authorClass);
    } else if (filter.dismissed) {
      where.equals(at + "dismissed", *filter.dismissed);
    }
  }
  const int asked = (filter.type ? 1 : 0) + (filter.pending ? 1 : 0) + (filter.claimClass ? 1 : 0) +
                    (filter.freshness ? 1 : 0) + (filter.dismissed ? 1 : 0) + (filter.isLive ? 1 : 0) +
                    (filter.sessionId ? 1 : 0) + (filter.personaName ? 1 : 0) + (filter.authorClass ? 1 : 0) +
                    (filter.sourcePart ? 1 : 0);
  const bool isOne = leads && asked == 1 && !filter.sourcePart && !filter.isLive;
  if (asked == 0 || isOne) return where;
  const auto type = nameOr(filter.type), claim = nameOr(filter.claimClass), freshness = nameOr(filter.freshness),
             author = nameOr(filter.authorClass), session = filter.sessionId.value_or(""),
             persona = filter.personaName.value_or(""), source = filter.sourcePart.value_or("");
  const auto unless = [&](const char* name, const std::string& condition) {
    return "(:" + std::string(name) + " = '' OR " + at + condition + ")";
  };
  const std::string sourceCondition = isSqlite ? "INSTR(COALESCE(" + at + "source_context, ''), :source) > 0"
                                               : "STRPOS(COALESCE(" + at + "source_context, ''), :source) > 0";
  const std::string text =
      unless("type", "entry_type = :type") + " AND " + unless("claim", "claim_class = :claim") + " AND " +
      unless("fresh", "freshness_class = :fresh") + " AND " + unless("author", "author_class = :author") + " AND " +
      unless("session", "session_id = :session") + " AND " + unless("persona", "persona_name = :persona") +
      " AND (:source = '' OR " + sourceCondition + ") AND (:dismissed < 0 OR " + at +
      "dismissed = :dismissed) AND (:live = 0 OR (" + at + "dismissed = 0 AND " + at +
      "freshness_class <> 'superseded')) AND (:pending < 0 OR (:pending = 1 AND " + at + "compiled_at IS NULL AND " +
      at + "dismissed = 0) OR (:pending = 0 AND " + at + "compiled_at IS NOT NULL))";
  where.raw(text, {{"type", type},
                   {"claim", claim},
                   {"fresh", freshness},
                   {"author", author},
                   {"session", session},
                   {"persona", persona},
                   {"source", source},
                   {"dismissed", numberOr(filter.dismissed)},
                   {"live", numberOr(filter.isLive)},
                   {"pending", numberOr(filter.pending)}});
  return where;
}

}  // namespace projects
