#include "library/session_listing.hpp"

#include <mortise/characters.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "library/tool_family.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;
using mortise::field;

constexpr std::string_view kUnknownModel = "unknown";
constexpr std::int64_t kDeepSkip = 1000;  // from here the nearer end is the better one to count from

std::string modelOf(std::string_view id) {
  return std::string(id == kUnknownModel ? std::string_view() : mortise::firstBytes(id, SessionListing::kMaxModel));
}

struct ListingRow {
  std::string sessionId;
  std::string tag;
  std::string userId;
  bool isDeleted = false;
  std::string toolFamily;
  std::string model;
  mortise::Time updatedAt;
  std::int64_t bytes = 0;

  static constexpr auto kFields = mortise::fields(
      "sync_captured_listing", field("session_id", &ListingRow::sessionId).key(), field("tag", &ListingRow::tag).key(),
      field("user_id", &ListingRow::userId), field("is_deleted", &ListingRow::isDeleted),
      field("tool_family", &ListingRow::toolFamily), field("model", &ListingRow::model),
      field("updated_at", &ListingRow::updatedAt), field("bytes", &ListingRow::bytes));
};

std::vector<ListingRow> rowsOf(const CapturedSession& captured) {
  std::set<std::string> tags{""};
  for (const auto& tag : captured.metadata.tags) {
    if (tags.size() > SessionListing::kMaxTags) break;
    if (tag.size() <= SessionListing::kMaxTag) tags.insert(tag);
  }
  std::vector<ListingRow> rows;
  for (const auto& tag : tags) {
    auto& row = rows.emplace_back();
    row.sessionId = captured.id;
    row.tag = tag;
    row.userId = captured.userId;
    row.isDeleted = captured.isDeleted;
    row.toolFamily = mortise::firstBytes(toolFamilyOf(captured.metadata.sourceTool), SessionListing::kMaxTool);
    row.model = modelOf(captured.metadata.modelId.value_or(""));
    row.updatedAt = captured.updatedAt;
    row.bytes = captured.blobSizeBytes;
  }
  return rows;
}

// The key of a count. Written in the order of the map, so that two transactions never wait for each other.
using Kind = std::tuple<std::string, bool, std::string, std::string, std::string>;

Kind kindOf(const ListingRow& row) { return {row.userId, row.isDeleted, row.tag, row.toolFamily, row.model}; }

void count(db::Session& session, const Kind& kind, const StoredSum& change) {
  if (change.sessions == 0 && change.bytes == 0) return;
  const auto& [user, deleted, tag, family, model] = kind;
  const auto left = session.queryOne<std::int64_t>(
      "INSERT INTO sync_captured_counts (user_id, is_deleted, tag, tool_family, model, sessions, bytes) "
      "VALUES (:user, :deleted, :tag, :family, :model, :sessions, :bytes) "
      "ON CONFLICT (user_id, is_deleted, tag, tool_family, model) DO UPDATE "
      "SET sessions = sync_captured_counts.sessions + excluded.sessions, "
      "bytes = sync_captured_counts.bytes + excluded.bytes RETURNING sessions",
      {{"user", user},
       {"deleted", deleted},
       {"tag", tag},
       {"family", family},
       {"model", model},
       {"sessions", change.sessions},
       {"bytes", change.bytes}});
  if (left.value() > 0) return;
  session.execute(
      "DELETE FROM sync_captured_counts WHERE user_id = :user AND is_deleted = :deleted AND tag = :tag "
      "AND tool_family = :family AND model = :model AND sessions = 0",
      {{"user", user}, {"deleted", deleted}, {"tag", tag}, {"family", family}, {"model", model}});
}

void replaceRows(db::Session& session, std::string_view sessionId, const std::vector<ListingRow>& rows) {
  std::map<Kind, StoredSum> changes;
  session.each<std::string, bool, std::string, std::string, std::string, std::int64_t>(
      "DELETE FROM sync_captured_listing WHERE session_id = :id "
      "RETURNING user_id, is_deleted, tag, tool_family, model, bytes",
      {{"id", sessionId}},
      [&](std::string user, bool deleted, std::string tag, std::string family, std::string model, std::int64_t bytes) {
        auto& change = changes[{std::move(user), deleted, std::move(tag), std::move(family), std::move(model)}];
        --change.sessions;
        change.bytes -= bytes;
      });
  db::insertAll(session, rows);
  for (const auto& row : rows) {
    auto& change = changes[kindOf(row)];
    ++change.sessions;
    change.bytes += row.bytes;
  }
  for (const auto& [kind, change] : changes) count(session, kind, change);
}

// The sessions of one model, or of all, that a list has.
struct Group {
  std::optional<std::string> model;
  std::int64_t sessions = 0;
};

// One list: what it holds by model, and how it is read.
class Lister {
 public:
  Lister(db::Session& session, const ListQuery& query) : session_(session), query_(query) {
    family_ = mortise::firstBytes(toolFamilyOf(query.sourceTool), SessionListing::kMaxTool);
    countGroups();
  }

  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& [model, sessions] : counts_) sum += sessions;
    return sum;
  }

  // The ids of a page, in order.
  std::vector<std::string> ids(std::int64_t skip, std::int64_t size) {
    if (query_.sort == ListQuery::Sort::model) return idsByModel(skip, size);
    if (query_.models.empty()) return read({std::nullopt}, total(), skip, size, query_.isAscending);
    std::vector<std::optional<std::string>> models;
    for (const auto& [model, sessions] : counts_) models.emplace_back(model);
    return read(models, total(), skip, size, query_.isAscending);
  }

 private:
  void countGroups() {
    db::Where where;
    where.equals("user_id", query_.userId).equals("is_deleted", query_.isDeleted).equals("tag", query_.tag);
    where.equals("tool_family", db::ifSent(family_));
    std::set<std::string> models;
    for (const auto& model : query_.models) models.insert(modelOf(model));
    session_.each<std::string, std::int64_t>("SELECT model, sessions FROM sync_captured_counts " + where.text(),
                                             where.parameters(), [&](std::string model, std::int64_t sessions) {
                                               if (models.empty() || models.count(model) > 0)
                                                 counts_[std::move(model)] += sessions;
                                             });
  }

  // From one model to the next, so that each part is read along an index.
  std::vector<std::string> idsByModel(std::int64_t skip, std::int64_t size) {
    std::vector<std::pair<std::string, std::int64_t>> groups(counts_.begin(), counts_.end());
    if (!groups.empty() && groups.front().first.empty()) std::rotate(groups.begin(), groups.begin() + 1, groups.end());
    if (!query_.isAscending) std::reverse(groups.begin(), groups.end());
    std::vector<std::string> out;
    for (const auto& [model, sessions] : groups) {
      const auto left = size - static_cast<std::int64_t>(out.size());
      if (left == 0) break;
      if (skip >= sessions) {
        skip -= sessions;
        continue;
      }
      auto part = read({model}, sessions, skip, left, false);
      out.insert(out.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
      skip = 0;
    }
    return out;
  }

  // Of `total` sessions of these models (one empty: of all) those of a page, by time of update.
  std::vector<std::string> read(const std::vector<std::optional<std::string>>& models, std::int64_t total,
                                std::int64_t skip, std::int64_t size, bool isAscending) {
    size = std::min(size, total - skip);
    if (size <= 0 || models.empty()) return {};
    const bool fromEnd = skip >= kDeepSkip && skip > total / 2;
    if (fromEnd) skip = total - skip - size;
    const char* order = isAscending != fromEnd ? "updated_at, session_id" : "updated_at DESC, session_id DESC";

    std::vector<db::Parameter> parameters{
        {"user", query_.userId}, {"deleted", query_.isDeleted}, {"tag", query_.tag}, {"size", size}, {"skip", skip}};
    if (!family_.empty()) parameters.emplace_back("family", family_);
    const auto part = [&](std::string_view condition) {
      std::string text =
          "SELECT session_id, updated_at FROM sync_captured_listing "
          "WHERE user_id = :user AND is_deleted = :deleted AND tag = :tag";
      if (!family_.empty()) text.append(" AND tool_family = :family");
      return text.append(condition).append(" ORDER BY ").append(order);
    };
    std::vector<std::string> names;
    names.reserve(models.size());
    std::string sql;
    for (const auto& model : models) {
      if (!model) continue;
      const auto& name = names.emplace_back("m" + std::to_string(names.size()));
      parameters.emplace_back(name, *model);
    }
    if (names.size() < 2) {
      sql = part(names.empty() ? "" : " AND model = :m0").append(" LIMIT :size OFFSET :skip");
    } else {
      // Each part along its index, and no further than the page.
      for (const auto& name : names) {
        sql.append(sql.empty() ? "" : " UNION ALL ")
            .append("SELECT session_id, updated_at FROM (")
            .append(part(" AND model = :" + name))
            .append(" LIMIT :most) of_")
            .append(name);
      }
      sql.append(" ORDER BY ").append(order).append(" LIMIT :size OFFSET :skip");
      parameters.emplace_back("most", skip + size);
    }
    std::vector<std::string> out;
    session_.each<std::string, std::int64_t>(sql, parameters,
                                             [&](std::string id, std::int64_t) { out.push_back(std::move(id)); });
    if (fromEnd) std::reverse(out.begin(), out.end());
    return out;
  }

  db::Session& session_;
  const ListQuery& query_;
  std::string family_;
  std::map<std::string, std::int64_t> counts_;
};

}  // namespace

db::Slice<ListedSession> SessionListing::list(const ListQuery& query, const mortise::Paging& paging) const {
  auto session = db_.read();
  Lister lister(session, query);
  db::Slice<ListedSession> out;
  out.paging = paging;
  out.total = lister.total();
  const auto ids = lister.ids(paging.skip, paging.size);
  out.hasMore = paging.skip + static_cast<std::int64_t>(ids.size()) < out.total && !ids.empty();
  if (ids.empty()) return out;

  std::map<std::string_view, std::size_t> places;
  for (const auto& id : ids) places.emplace(id, places.size());
  db::Where where;
  where.in("id", ids);
  out.items = db::rows<ListedSession>(session, where.text(), where.parameters());
  std::sort(out.items.begin(), out.items.end(),
            [&](const ListedSession& a, const ListedSession& b) { return places.at(a.id) < places.at(b.id); });
  return out;
}

StoredSum SessionListing::stored(std::string_view userId) const {
  StoredSum sum;
  db_.each<std::int64_t, std::int64_t>(
      "SELECT sessions, bytes FROM sync_captured_counts WHERE user_id = :user AND is_deleted = 0 AND tag = ''",
      {{"user", userId}}, [&](std::int64_t sessions, std::int64_t bytes) {
        sum.sessions += sessions;
        sum.bytes += bytes;
      });
  return sum;
}

std::int64_t SessionListing::bytesOf(const std::vector<std::string>& userIds) const {
  std::int64_t sum = 0;
  for (auto first = userIds.begin(); first != userIds.end();) {
    const auto last = first + std::min<std::ptrdiff_t>(userIds.end() - first, db::Where::kMaxIn);
    db::Where where;
    where.in("user_id", std::vector<std::string>(first, last)).equals("is_deleted", false).equals("tag", "");
    db_.each<std::int64_t>("SELECT bytes FROM sync_captured_counts " + where.text(), where.parameters(),
                           [&](std::int64_t bytes) { sum += bytes; });
    first = last;
  }
  return sum;
}

void SessionListing::relist(db::Session& session, const CapturedSession& captured) {
  replaceRows(session, captured.id, rowsOf(captured));
}

void SessionListing::unlist(db::Session& session, std::string_view sessionId) { replaceRows(session, sessionId, {}); }

}  // namespace session_sharing
