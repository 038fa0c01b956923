// settings/judge: the model that judges a user's sessions.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/models.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>

#include "settings/judges.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class JudgeOperations final : public sync_contract::settings::Judge {
 public:
  // `judges` outlives it.
  JudgeOperations(mortise::Host host, const Judges& judges);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readJudgeSettings(const Request& request) override;
  Reply saveJudgeSettings(const Request& request, const sync_contract::settings::NewJudgeSettings& body) override;
  Reply removeJudgeSettings(const Request& request) override;
  Reply listJudgeModels(const Request& request) override;
  Reply listJudgeModelsWithKey(const Request& request, const sync_contract::settings::JudgeQuestion& body) override;

  // Asks the server one short question. Problem 400.
  void tryOut(const Request& request, const session_sharing::Judge& judge) const;
  Reply offers(const Request& request, const JudgeWish& wish) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::models::Client client_;
  const Judges& judges_;
};

// A word for why a model gave no answer, without anything that its server said: "denied", "timed_out", …
std::string_view reasonOf(const mortise::models::Error& error);

}  // namespace session_sharing
