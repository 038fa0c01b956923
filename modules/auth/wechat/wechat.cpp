#include "wechat.hpp"

#include <mortise/secrets.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../web_url.hpp"

namespace auth {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr const char* kProvider = "wechat";
constexpr std::chrono::minutes kStateLife{10};
constexpr std::uint64_t kMaxAnswer = 64 << 10;
constexpr std::size_t kShownOfOpenid = 6;

// WeChat's own numbers.
constexpr std::int64_t kBadCode = 40029, kUsedCode = 40163, kNoPermission = 48001;

std::string urlOf(const mortise::Config& config, const char* option) {
  auto text = config.text(option);
  if (!text.empty() && !WebUrl::parse(text))
    throw std::runtime_error("auth." + std::string(option) + ": \"" + text + "\" is not an http or https URL");
  return text;
}

std::string withQuery(std::string url, const std::vector<std::pair<std::string_view, std::string_view>>& parameters) {
  for (const auto& [name, value] : parameters) {
    const auto parsed = WebUrl::parse(url);
    if (!parsed) throw std::runtime_error("a URL grew too long for a query");
    url = parsed->withQuery(name, value);
  }
  return url;
}

// What the person reads in the front-end.
std::string_view failureText(std::string_view code, std::string_view language) {
  struct Words {
    std::string_view code, english, chinese;
  };
  static constexpr Words kWords[] = {
      {"wechat_state_invalid", "This sign-in is too old or was used before, please try again",
       "登录请求已过期或已被使用，请重试"},
      {"wechat_code_invalid", "WeChat did not accept the code, please try again", "微信授权码无效或已被使用，请重试"},
      {"wechat_scope_refused", "WeChat does not let this site read the profile", "微信未授权读取用户信息"},
      {"wechat_unavailable", "WeChat does not answer, please try again later", "暂时无法连接微信，请稍后重试"},
      {"account_disabled", "Account is disabled", "账户已被停用"},
      {"internal", "Sign-in failed, please try again later", "登录失败，请稍后重试"}};
  const auto* const at =
      std::find_if(std::begin(kWords), std::end(kWords), [&](const Words& words) { return words.code == code; });
  const auto& words = at == std::end(kWords) ? *(std::end(kWords) - 1) : *at;
  return language.substr(0, 2) == "zh" ? words.chinese : words.english;
}

Problem refused(const WeChatRefusal& refusal) {
  const auto note = refusal.code == 0 ? std::string("WeChat's answer is not what it promises")
                                      : "WeChat's errcode " + std::to_string(refusal.code);
  if (refusal.code == kBadCode || refusal.code == kUsedCode) return Problem(401, "wechat_code_invalid").note(note);
  if (refusal.code == kNoPermission) return Problem(403, "wechat_scope_refused").note(note);
  return Problem(502, "wechat_unavailable").note(note);
}

}  // namespace

WeChatOptions::WeChatOptions(const mortise::Config& config)
    : appId(config.text("wechat_app_id")),
      appSecret(config.text("wechat_app_secret")),
      redirectUri(urlOf(config, "wechat_redirect_uri")),
      frontendUrl(urlOf(config, "wechat_frontend_url")),
      authorizeUrl(urlOf(config, "wechat_authorize_url")),
      tokenUrl(urlOf(config, "wechat_token_url")),
      userinfoUrl(urlOf(config, "wechat_userinfo_url")),
      timeout(config.duration("wechat_timeout")),
      requireState(config.boolean("wechat_require_state")) {}

std::string WeChatOptions::missing() const {
  std::string names;
  const auto look = [&](const std::string& value, const char* option) {
    if (value.empty()) names += (names.empty() ? "auth." : ", auth.") + std::string(option);
  };
  look(appId, "wechat_app_id");
  look(appSecret, "wechat_app_secret");
  look(redirectUri, "wechat_redirect_uri");
  look(frontendUrl, "wechat_frontend_url");
  look(authorizeUrl, "wechat_authorize_url");
  look(tokenUrl, "wechat_token_url");
  look(userinfoUrl, "wechat_userinfo_url");
  return names;
}

WeChat::WeChat(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      audit_(host.audit()),
      http_(host.httpClient()),
      options_(host.config()),
      states_(host.secrets().derive("OAuth states", 32)),
      store_(host.db()) {
  if (!options_.appId.empty() && !options_.missing().empty())
    log_.warning("sign-in through WeChat is off: options are missing", {{"missing", options_.missing()}});
}

Reply WeChat::authorizeWeChat(const Request& request) {
  requireConfigured();
  std::string state = request.query("state").text("");
  if (state.empty()) state = states_.make();
  store_.rememberState({states_.hash(state), mortise::now() + kStateLife});
  const auto url = withQuery(options_.authorizeUrl, {{"appid", options_.appId},
                                                     {"redirect_uri", options_.redirectUri},
                                                     {"response_type", "code"},
                                                     {"scope", request.query("scope").text("snsapi_userinfo")},
                                                     {"state", state}});
  return Reply::ok(json::from(auth_contract::wechat::AuthorizeWeChatReply{url + "#wechat_redirect"}));
}

Reply WeChat::completeWeChat(const Request& request) {
  requireConfigured();
  try {
    const auto tokens = signIn(request);
    return Reply::redirect(withQuery(options_.frontendUrl,
                                     {{"access_token", tokens.accessToken}, {"refresh_token", tokens.refreshToken}}));
  } catch (const Problem& problem) {
    log_.warning("a sign-in through WeChat failed",
                 {{"reason", problem.code()}, {"note", problem.note()}, {"request", request.id()}});
    return failed(request, problem.code());
  } catch (const mortise::db::Error& error) {
    log_.error("a sign-in through WeChat failed", {{"error", error.what()}, {"request", request.id()}});
    return failed(request, "internal");
  }
}

mortise::Tokens WeChat::signIn(const Request& request) const {
  checkState(request.query("state").text(""));
  const auto grant = grantFor(request.query("code").text(""));
  const auto known = knownUser(grant);
  const auto user = known ? *known : newUser(request, grant);
  if (user.status != "active") throw Problem(403, "account_disabled");
  return identity_.openSession(user.id, mortise::SessionKind::stateless);
}

void WeChat::checkState(std::string_view state) const {
  if (!state.empty() && store_.takeState(states_.hash(state), mortise::now())) return;
  if (options_.requireState || states_.isOurs(state))
    throw Problem(401, "wechat_state_invalid").note(state.empty() ? "no state" : "used, expired or foreign");
}

WeChatGrant WeChat::grantFor(std::string_view code) const {
  auto answer = readGrant(get(withQuery(options_.tokenUrl, {{"appid", options_.appId},
                                                            {"secret", options_.appSecret},
                                                            {"code", code},
                                                            {"grant_type", "authorization_code"}})));
  if (const auto* refusal = std::get_if<WeChatRefusal>(&answer)) throw refused(*refusal);
  return std::get<WeChatGrant>(std::move(answer));
}

WeChatProfile WeChat::profileOf(const WeChatGrant& grant) const {
  if (!grant.mayReadProfile) return {};
  auto answer = readProfile(get(withQuery(
      options_.userinfoUrl, {{"access_token", grant.accessToken}, {"openid", grant.openid}, {"lang", "zh_CN"}})));
  if (const auto* refusal = std::get_if<WeChatRefusal>(&answer)) throw refused(*refusal);
  return std::get<WeChatProfile>(std::move(answer));
}

std::optional<mortise::User> WeChat::knownUser(const WeChatGrant& grant) const {
  auto account = store_.find(kProvider, grant.openid);
  auto user = account ? identity_.find(mortise::UserKey::id, account->userId) : std::nullopt;
  if (!user) return std::nullopt;
  account->lastLoginAt = mortise::now();
  if (!grant.unionId.empty()) account->unionId = grant.unionId;
  store_.recordLogin(*account);
  return user;
}

mortise::User WeChat::newUser(const Request& request, const WeChatGrant& grant) const {
  const auto profile = profileOf(grant);
  OauthAccount person;
  person.provider = kProvider;
  person.subject = grant.openid;
  person.unionId = grant.unionId.empty() ? profile.unionId : grant.unionId;
  person.createdAt = person.lastLoginAt = mortise::now();
  mortise::NewUser account;
  account.unnamed = true;
  account.nickname = profile.nickname;
  if (account.nickname.empty()) {
    const auto shown = std::min(grant.openid.size(), kShownOfOpenid);
    account.nickname = "微信用户_" + grant.openid.substr(grant.openid.size() - shown);
  }
  return db_.transaction([&](mortise::Transaction& tx) {
    const auto accounts = identity_.in(tx);
    // The same person twice at once: the first one makes the account.
    tx.lock("openid " + grant.openid);
    if (const auto earlier = store_.in(tx).find(kProvider, grant.openid)) {
      if (auto user = accounts.find(mortise::UserKey::id, earlier->userId)) return *std::move(user);
      store_.in(tx).forget(earlier->userId);  // deleted where this module did not see it: on the command line
    }
    auto user = accounts.create(account);
    person.userId = user.id;
    store_.in(tx).add(person);
    if (!profile.avatar.empty()) {
      mortise::UserChange change;
      change.avatar = profile.avatar;
      user = accounts.change(user.id, change);
    }
    audit_.in(tx).record(request, "auth.account_created", "user:" + user.id, json::object({{"through", kProvider}}));
    return user;
  });
}

void WeChat::purgeStates(mortise::JobRun&) {
  const auto dropped = store_.purgeStates(mortise::now());
  if (dropped > 0) log_.info("expired OAuth states dropped", {{"count", dropped}});
}

void WeChat::requireConfigured() const {
  const auto missing = options_.missing();
  if (!missing.empty()) throw Problem(500, "wechat_not_configured").note("missing: " + missing);
}

// WeChat answers JSON as text/plain, and errors with status 200: only the body counts. What is thrown must not name the
// URL, which holds the app's secret.
std::string WeChat::get(const std::string& url) const {
  mortise::HttpRequest request;
  request.url = url;
  request.timeout = options_.timeout;
  request.connectTimeout = std::min(request.connectTimeout, options_.timeout);
  request.maxResponse = kMaxAnswer;
  try {
    return http_.perform(request).body;
  } catch (const mortise::HttpClient::Error& error) {
    throw Problem(502, "wechat_unavailable").note(error.code());
  }
}

Reply WeChat::failed(const Request& request, std::string_view code) const {
  return Reply::redirect(withQuery(options_.frontendUrl, {{"error", failureText(code, request.language())}}));
}

}  // namespace auth
