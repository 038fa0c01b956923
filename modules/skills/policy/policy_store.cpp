#include "policy/policy_store.hpp"

#include <mortise/time.hpp>

namespace skills {
namespace {

constexpr const char* kDefault = "off";
constexpr const char* kSelect = "SELECT mode FROM skills_policy WHERE id = 1";

}  // namespace

std::string PolicyStore::mode() const { return db_.queryOne<std::string>(kSelect).value_or(kDefault); }

std::string PolicyStore::setMode(std::string_view mode, std::string_view userId) const {
  return db_.transaction([&](mortise::db::Session& session) {
    auto before = session.queryOne<std::string>(kSelect).value_or(kDefault);
    session.execute(
        "INSERT INTO skills_policy (id, mode, updated_at, updated_by) VALUES (1, :mode, :updated_at, :updated_by) "
        "ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, updated_at = excluded.updated_at, "
        "updated_by = excluded.updated_by",
        {{"mode", mode}, {"updated_at", mortise::nowMicros()}, {"updated_by", userId}});
    return before;
  });
}

}  // namespace skills
