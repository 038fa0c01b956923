#include "pledge_store.hpp"

#include <tuple>

namespace pledge {
namespace {

using Columns = mortise::db::Row<std::int64_t, std::string, std::optional<std::string>, double, bool>;

Pledge fromRow(const Columns& row) {
  const auto& [number, text, note, weight, firm] = row;
  return {number, text, note, weight, firm};
}

}  // namespace

std::vector<Pledge> Store::list(std::optional<bool> firm, double heavier, std::int64_t limit) const {
  std::vector<Pledge> all;
  std::vector<mortise::db::Parameter> parameters;
  parameters.emplace_back("heavier", heavier);
  parameters.emplace_back("limit", limit);
  parameters.emplace_back("every", firm ? 0 : 1);
  parameters.emplace_back("firm", firm.value_or(false));
  db_.each<std::int64_t, std::string, std::optional<std::string>, double, bool>(
      "SELECT number, text, note, weight, firm FROM pledge_pledges WHERE weight >= :heavier AND (:every = 1 OR firm = "
      ":firm) "
      "ORDER BY weight, number LIMIT :limit",
      parameters,
      [&](std::int64_t number, std::string text, std::optional<std::string> note, double weight, bool isFirm) {
        all.push_back({number, std::move(text), std::move(note), weight, isFirm});
      });
  return all;
}

std::optional<Pledge> Store::find(std::int64_t number) const {
  const auto row = db_.queryOne<std::int64_t, std::string, std::optional<std::string>, double, bool>(
      "SELECT number, text, note, weight, firm FROM pledge_pledges WHERE number = :number", {{"number", number}});
  if (!row) return std::nullopt;
  return fromRow(*row);
}

std::optional<Pledge> Store::add(Pledge pledge, std::int64_t most) const {
  return db_.transaction([&](mortise::db::Session& session) -> std::optional<Pledge> {
    if (session.queryOne<std::int64_t>("SELECT COUNT(*) FROM pledge_pledges").value() >= most) return std::nullopt;
    pledge.number = session.queryOne<std::int64_t>("SELECT COALESCE(MAX(number), 0) + 1 FROM pledge_pledges").value();
    session.execute(
        "INSERT INTO pledge_pledges (number, text, note, weight, firm) VALUES (:number, :text, :note, :weight, :firm)",
        {{"number", pledge.number},
         {"text", pledge.text},
         {"note", pledge.note},
         {"weight", pledge.weight},
         {"firm", pledge.firm}});
    return pledge;
  });
}

bool Store::drop(std::int64_t number) const {
  return db_.execute("DELETE FROM pledge_pledges WHERE number = :number", {{"number", number}}) == 1;
}

void Store::swap(bool fail) const {
  auto session = db_.write();
  session.begin();
  const auto two = session.query<std::int64_t, std::string>(
      "SELECT number, text FROM pledge_pledges ORDER BY weight, number LIMIT 2");
  if (two.size() == 2) {
    const auto put = [&](std::int64_t number, std::string_view text) {
      session.execute("UPDATE pledge_pledges SET text = :text WHERE number = :number",
                      {{"text", text}, {"number", number}});
    };
    put(std::get<0>(two[0]), "in between");
    put(std::get<0>(two[1]), std::get<1>(two[0]));
    if (fail) return session.rollback();
    put(std::get<0>(two[0]), std::get<1>(two[1]));
  }
  session.commit();
}

void Store::keepCount(std::string_view run, std::string_view payload) const {
  db_.transaction([&](mortise::Db::Session& session) {
    const auto pledges = session.queryOne<std::int64_t>("SELECT COUNT(*) FROM pledge_pledges").value();
    session.execute("INSERT INTO pledge_counts (run, payload, pledges) VALUES (:run, :payload, :pledges)",
                    {{"run", run}, {"payload", payload}, {"pledges", pledges}});
  });
}

std::vector<mortise::db::Row<std::string, std::int64_t>> Store::counts() const {
  return db_.query<std::string, std::int64_t>("SELECT payload, pledges FROM pledge_counts ORDER BY payload, run");
}

void Store::refuse() const { db_.execute("INSERT INTO pledge_nowhere (number) VALUES (1)"); }

}  // namespace pledge
