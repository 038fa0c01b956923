// Sign-in through WeChat's OAuth, for the agent platform.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/http_client.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth_contract.hpp"
#include "oauth_state.hpp"
#include "oauth_store.hpp"
#include "wechat_answer.hpp"

namespace auth {

// The options of module.yaml. Throws std::runtime_error naming the option that is not an http(s) URL.
struct WeChatOptions {
  explicit WeChatOptions(const mortise::Config& config);
  // Names of the options that are missing; empty: WeChat sign-in is on.
  std::string missing() const;

  std::string appId, appSecret;
  std::string redirectUri;  // our callback, as WeChat knows it
  std::string frontendUrl;  // where the browser goes in the end
  std::string authorizeUrl, tokenUrl, userinfoUrl;
  std::chrono::milliseconds timeout;  // of each call
  bool requireState;
};

class WeChat final : public auth_contract::wechat::WeChat {
 public:
  explicit WeChat(mortise::Host host);
  // Drops sign-ins that were begun and never ended.
  void purgeStates(mortise::JobRun& run);

 private:
  mortise::Reply authorizeWeChat(const mortise::Request& request) override;
  mortise::Reply completeWeChat(const mortise::Request& request) override;

  void requireConfigured() const;
  // The steps of a callback. Each throws Problem with a code of failureText().
  mortise::Tokens signIn(const mortise::Request& request) const;
  void checkState(std::string_view state) const;
  WeChatGrant grantFor(std::string_view code) const;
  WeChatProfile profileOf(const WeChatGrant& grant) const;
  // The account of the grant's person, if there is one.
  std::optional<mortise::User> knownUser(const WeChatGrant& grant) const;
  // The same after it was made, with the grant's person as its owner.
  mortise::User newUser(const mortise::Request& request, const WeChatGrant& grant) const;

  std::string get(const std::string& url) const;
  mortise::Reply failed(const mortise::Request& request, std::string_view code) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Audit audit_;
  mortise::HttpClient http_;
  WeChatOptions options_;
  OauthStates states_;
  OauthStore store_;
};

}  // namespace auth
