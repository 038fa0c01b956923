#include "settings/github_operations.hpp"

#include <mortise/digest.hpp>
#include <mortise/html.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <utility>

#include "outside/tokens.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::settings;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::chrono::minutes kStateLife{10};
constexpr std::size_t kStateBytes = 24;
constexpr std::string_view kCookie = "mortise_github";
constexpr const char* kCallback = "/api/v1/settings/github/oauth/callback";

// The value of our cookie in a Cookie header; empty when it is not there.
std::string_view cookieIn(std::string_view header) {
  while (!header.empty()) {
    auto pair = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(header.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == kCookie) return pair.substr(equals + 1);
  }
  return {};
}

std::optional<bool> optionalOf(const mortise::BodyMember<bool>& member) { return member.optional(); }

struct PageText {
  std::string_view english, chinese;
};
constexpr PageText kDone{"GitHub is connected. You can close this page.", "已连接 GitHub，可以关闭此页面。"};
constexpr PageText kInvalid{
    "This request is not known, was used before, or is older than ten minutes. Please begin again.",
    "该请求无效、已被使用或已超过十分钟，请重新开始。"};
constexpr PageText kOtherBrowser{
    "Another program began this. To finish, let it send this address's code and state with POST to the same address.",
    "该请求由其他程序发起。请由该程序以 POST 方式向同一地址提交此地址中的 code 和 state 以完成操作。"};
constexpr PageText kRefused{"Nothing was connected: GitHub did not confirm it.", "未建立连接：GitHub 未予确认。"};
constexpr PageText kNothing{
    "Nothing was connected: the App is not installed in an account that is yours to administer.",
    "未建立连接：您管理的账户中未安装该应用。"};
constexpr PageText kTaken{"Nothing was connected: another user has claimed the installation.",
                          "未建立连接：该安装已被其他用户认领。"};
constexpr PageText kUnavailable{"GitHub does not answer. Please try again later.", "GitHub 无响应，请稍后重试。"};

Reply page(const Request& request, const PageText& text, int status) {
  const bool isChinese = std::string_view(request.language()).starts_with("zh");
  std::string html = "<!doctype html><html lang=\"";
  html += isChinese ? "zh-CN" : "en";
  html += "\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>GitHub</title><p>";
  html += mortise::escapedHtml(isChinese ? text.chinese : text.english);
  html += "</p></html>";
  return Reply::raw(std::move(html), "text/html; charset=utf-8", status)
      .header("Referrer-Policy", "no-referrer")
      .header("Content-Security-Policy", "default-src 'none'");
}

const PageText& pageFor(const Problem& problem) {
  if (problem.code() == "github_state_invalid") return kInvalid;
  if (problem.code() == "github_nothing_to_claim") return kNothing;
  if (problem.code() == "github_installation_taken") return kTaken;
  return problem.code() == "github_unavailable" ? kUnavailable : kRefused;
}

}  // namespace

GithubOperations::GithubOperations(mortise::Host host, const GithubApp& app)
    : config_(host.config()), db_(host.db()), audit_(host.audit()), store_(host.db()), app_(app) {}

Reply GithubOperations::shown(std::string_view userId, const CommentChoice& wish) const {
  const auto all = store_.of(userId);
  GithubInstallation one;
  if (!all.empty()) one = all.front();
  if (all.empty()) {  // nothing is stored: the reply repeats the wish
    one.autoComment = wish.autoComment.value_or(one.autoComment);
    one.includeTrustScore = wish.includeTrustScore.value_or(one.includeTrustScore);
    one.includeSessionLinks = wish.includeSessionLinks.value_or(one.includeSessionLinks);
  }
  const bool installed = !all.empty();
  return Reply::ok(json::object(
      {{"account_login", installed ? json::Item(one.accountLogin) : json::Item(nullptr)},
       {"account_type", installed ? json::Item(one.accountType) : json::Item(nullptr)},
       {"auto_comment", one.autoComment},
       {"include_trust_score", one.includeTrustScore},
       {"include_session_links", one.includeSessionLinks},
       {"installation_id", installed ? json::Item(one.id) : json::Item(nullptr)},
       {"installed", installed},
       {"claimed_at", one.claimedAt ? std::optional<std::string>(mortise::isoTime(*one.claimedAt)) : std::nullopt},
       {"suspended", one.suspended},
       {"installations", all.size()},
       {"app_configured", app_.canComment()},
       {"oauth_available", app_.canClaim()},
       {"webhook_configured", !app_.webhookSecret().empty()},
       {"install_url", app_.installUrl()}}));
}

Reply GithubOperations::readGithubSettings(const Request& request) { return shown(request.principal().userId, {}); }

Reply GithubOperations::saveGithubSettings(const Request& request, const contract::GithubChoice& body) {
  const std::string userId = request.principal().userId;
  if (body.installationId.has()) {
    const auto installation = store_.find(*body.installationId);
    if (!installation || installation->userId != userId)
      throw Problem(409, app_.canClaim() ? "github_claim_requires_oauth" : "github_claim_disabled");
  }
  const CommentChoice choice{optionalOf(body.autoComment), optionalOf(body.includeTrustScore),
                             optionalOf(body.includeSessionLinks)};
  store_.choose(userId, choice);
  return shown(userId, choice);
}

Reply GithubOperations::releaseGithubInstallations(const Request& request) {
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    if (store_.in(tx).release(userId) > 0) audit_.in(tx).record(request, "sync.github_released", "user:" + userId);
  });
  return Reply::noContent();
}

std::string GithubOperations::callbackUrl() const { return config_.server("http.base_url").value_or("") + kCallback; }

Reply GithubOperations::startGithubOauth(const Request& request) {
  if (!app_.canClaim()) throw Problem(503, "github_not_configured");
  const auto state = randomHex(kStateBytes), browser = randomHex(kStateBytes);
  const auto expiresAt = mortise::now() + kStateLife;
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    store_.in(tx).forgetStatesOf(userId);  // one at a time: the table stays small, whoever asks how often
    store_.in(tx).remember({mortise::sha256Hex(state), userId, mortise::sha256Hex(browser), expiresAt});
  });
  const auto callback = callbackUrl();
  std::string cookie =
      std::string(kCookie) + "=" + browser + "; Path=" + kCallback + "; Max-Age=600; HttpOnly; SameSite=Lax";
  if (callback.starts_with("https:")) cookie += "; Secure";
  return Reply::ok(json::object({{"authorize_url", app_.authorizeUrl(state, callback)},
                                 {"state", state},
                                 {"expires_at", mortise::isoTime(expiresAt)}}))
      .header("Set-Cookie", cookie);
}

// The browser proves by its cookie that it is the one that began: else somebody could let another person's GitHub
// account answer for a claim of their own.
Reply GithubOperations::finishGithubOauthInBrowser(const Request& request) {
  const auto state = store_.findState(mortise::sha256Hex(request.query("state").text("")));
  if (!state || state->expiresAt < mortise::now()) return page(request, kInvalid, 400);
  const auto cookie = cookieIn(request.header("Cookie"));
  if (!mortise::areEqualSecrets(mortise::sha256Hex(cookie), state->browserHash))
    return page(request, kOtherBrowser, 400);
  const auto code = request.query("code").text("");
  if (code.empty()) {
    store_.forgetState(state->stateHash);
    return page(request, kRefused, 400);
  }
  try {
    claim(request, *state, code);
    return page(request, kDone, 200);
  } catch (const Problem& problem) {
    if (problem.status() >= 500 && problem.code() != "github_unavailable") throw;
    return page(request, pageFor(problem), 400);
  }
}

Reply GithubOperations::finishGithubOauth(const Request& request, const contract::GithubReturn& body) {
  const auto state = store_.findState(mortise::sha256Hex(body.state));
  if (!state || state->userId != request.principal().userId || state->expiresAt < mortise::now())
    throw Problem(400, "github_state_invalid");
  const auto accounts = claim(request, *state, body.code);
  const auto one = [](const GithubAccount& account) {
    return json::object({{"installation_id", account.installationId},
                         {"account_login", account.login},
                         {"account_type", account.type}});
  };
  return Reply::ok(json::object({{"claimed", json::list(accounts, one)}}));
}

std::vector<GithubAccount> GithubOperations::claim(const Request& request, const GithubState& state,
                                                   std::string_view code) const {
  if (!app_.canClaim()) throw Problem(503, "github_not_configured");
  if (!store_.forgetState(state.stateHash)) throw Problem(400, "github_state_invalid");  // another request was faster
  const auto accounts = app_.administeredBy(code);
  if (accounts.empty()) throw Problem(403, "github_nothing_to_claim");
  auto claimedAccounts = db_.transaction([&](Transaction& tx) {
    std::vector<GithubAccount> out;
    for (const auto& account : accounts) {
      store_.in(tx).note(account.installationId, account.login, account.type);
      if (!store_.in(tx).claim(account.installationId, state.userId, mortise::now())) continue;
      audit_.in(tx).record(request, "sync.github_claimed", "user:" + state.userId,
                           json::object({{"installation_id", account.installationId}, {"account", account.login}}));
      out.push_back(account);
    }
    return out;
  });
  if (claimedAccounts.empty()) throw Problem(409, "github_installation_taken");
  return claimedAccounts;
}

}  // namespace session_sharing
