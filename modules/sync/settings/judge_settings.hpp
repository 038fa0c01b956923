// The model that judges a user's sessions, as the user has set it, and its table.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace session_sharing {

struct JudgeSettings {
  std::string userId;
  std::string provider;
  std::string model;
  std::optional<std::string> baseUrl;
  std::optional<std::string> sealedKey;
  std::string keyEndpoint;  // the only address that the key may go to
  mortise::Time updatedAt;

  static constexpr auto kFields = mortise::fields(
      "sync_judge_settings", mortise::field("user_id", &JudgeSettings::userId).key(),
      mortise::field("provider", &JudgeSettings::provider), mortise::field("model", &JudgeSettings::model),
      mortise::field("base_url", &JudgeSettings::baseUrl),
      mortise::field("sealed_key", &JudgeSettings::sealedKey).hidden(),
      mortise::field("key_endpoint", &JudgeSettings::keyEndpoint).hidden(),
      mortise::field("updated_at", &JudgeSettings::updatedAt).hidden());
};

// [worker]; every member throws db::Error.
class JudgeStore {
 public:
  explicit JudgeStore(mortise::Db db) : db_(db) {}
  JudgeStore in(const mortise::Transaction& tx) const { return JudgeStore(db_.in(tx)); }

  std::optional<JudgeSettings> find(std::string_view userId) const;
  void put(const JudgeSettings& settings) const;
  // False: there were none.
  bool remove(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
