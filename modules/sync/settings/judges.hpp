// Whom a user's sessions are judged, and told, by: what a request says, else what the user has set, else the operator's
// own server. A saved key goes to the address that it was saved for, and nowhere else.
#pragma once

#include <mortise/config.hpp>
#include <mortise/host.hpp>
#include <mortise/models.hpp>
#include <mortise/secrets.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "settings/judge_settings.hpp"

namespace session_sharing {

// What a request asks for; empty texts count as absent.
struct JudgeWish {
  std::string provider{};
  std::string model{};
  std::string apiKey{};
  std::string baseUrl{};
};

// Of a body that has model, provider, llm_api_key and base_url.
template <class Body>
JudgeWish wishOf(const Body& body) {
  return {.provider = body.provider.valueOr(""),
          .model = body.model.valueOr(""),
          .apiKey = body.llmApiKey.valueOr(""),
          .baseUrl = body.baseUrl.valueOr("")};
}

struct Judge {
  std::string provider;
  std::string model;
  std::optional<std::string> baseUrl;  // that the user named
  mortise::models::Endpoint endpoint;
  bool isOperators = false;  // the operator's server, whose address is nobody's business
};

// [worker]
class Judges {
 public:
  explicit Judges(mortise::Host host);

  // Problems: 400 judge_missing (neither a key nor a server), judge_url_refused; 422 unknown_provider.
  Judge judgeFor(std::string_view userId, const JudgeWish& wish) const;
  // What settings with this key would use, whatever is saved. Problems as above, but for judge_missing.
  Judge judgeOf(const JudgeWish& wish) const;

  // The user's key, if it was saved for this endpoint.
  std::string savedKey(const std::optional<JudgeSettings>& saved, const mortise::models::Endpoint& endpoint) const;
  std::string sealed(std::string_view key) const;
  // Empty when it can't be read any more.
  std::string unsealed(const std::optional<std::string>& sealed) const;

  const JudgeStore& store() const { return store_; }

 private:
  void checkUrl(std::string_view url) const;
  void checkProvider(const JudgeWish& wish) const;

  JudgeStore store_;
  mortise::Secrets secrets_;
  mortise::models::ProviderUrls urls_;
  std::string operatorUrl_;
  std::string operatorKey_;
  std::string defaultModel_;
  bool mayBePrivate_;
};

}  // namespace session_sharing
