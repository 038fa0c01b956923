// Runs a module in a real kernel, in this process, on a temporary SQLite database, and calls it over real HTTP on
// loopback.
//
//   class GreeterModule : public ::testing::Test {
//    protected:
//     mortise::testing::ModuleHarness harness_{"greeter"};
//     mortise::testing::Client anonymous_ = harness_.anonymous();
//     mortise::testing::Client editor_ = harness_.as("greeter.edit");
//   };
//   TEST_F(GreeterModule, AddsPhrasesForEditorsOnly) {
//     EXPECT_EQ(anonymous_.post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 401);
//     EXPECT_EQ(editor_.post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 201);
//   }
//
// In CMake: find_package(MortiseSDK 1.1 REQUIRED), then target_link_libraries(my_test PRIVATE MortiseSDK::testing).
#pragma once

#include <mortise/text.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/testing/abi.h"

namespace mortise::testing {

struct Answer {
  int status = 0;
  std::string body;
  std::string code;                            // of a refusal, in whatever family's shape; empty when there is none
  std::string field;                           // first field at fault: "body/email"; empty when there is none
  std::map<std::string, std::string> headers;  // names in lower case; of a repeated one the first
};

namespace detail {

using mortise::detail::copied;
using mortise::detail::str;

inline void keepText(void* into, mortise_str text) { *static_cast<std::string*>(into) = copied(text); }

inline void require(mortise_testing_outcome outcome, const std::string& sentence) {
  if (outcome == MORTISE_TESTING_ARGUMENT) throw std::invalid_argument(sentence);
  if (outcome != MORTISE_TESTING_OK) throw std::runtime_error(sentence);
}

inline std::vector<mortise_str> strings(const std::vector<std::string>& texts) {
  std::vector<mortise_str> out;
  out.reserve(texts.size());
  for (const auto& text : texts) out.push_back(str(text));
  return out;
}

}  // namespace detail

// A caller: anonymous, or an account with chosen rights. Copyable; usable as long as its harness exists, from any
// thread. A request without any answer throws std::runtime_error.
class Client {
 public:
  Answer get(const std::string& path) const { return request("GET", path); }
  Answer post(const std::string& path, const std::string& json = {}) const { return request("POST", path, json); }
  Answer put(const std::string& path, const std::string& json = {}) const { return request("PUT", path, json); }
  Answer patch(const std::string& path, const std::string& json = {}) const { return request("PATCH", path, json); }
  Answer del(const std::string& path, const std::string& json = {}) const { return request("DELETE", path, json); }
  // `headers`: whole lines, "Accept-Language: zh-CN". A body without Content-Type is sent as JSON.
  Answer request(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::vector<std::string>& headers = {}) const {
    mortise_testing_credentials credentials{};
    credentials.struct_size = sizeof credentials;
    credentials.token = detail::str(token_);
    credentials.cookie = detail::str(cookie_);
    credentials.csrf = detail::str(csrf_);
    const auto lines = detail::strings(headers);
    Answer answer;
    std::string sentence;
    detail::require(mortise_testing_v1.send(detail::str(address_), &credentials, detail::str(method), detail::str(path),
                                            detail::str(body), lines.data(), lines.size(), &Client::keepAnswer, &answer,
                                            &detail::keepText, &sentence),
                    sentence);
    return answer;
  }

  // For other clients (a WebSocket library): "127.0.0.1:43211", and the access token or key, empty for an anonymous
  // caller and for a browser.
  const std::string& address() const { return address_; }
  const std::string& token() const { return token_; }
  // Of a browser: the session cookie as "name=value", and the CSRF token that request() sends with it.
  const std::string& cookie() const { return cookie_; }
  const std::string& csrfToken() const { return csrf_; }
  const std::string& userId() const { return user_id_; }

 private:
  friend class ModuleHarness;

  static void keepAnswer(void* into, const mortise_testing_answer* c) {
    auto& answer = *static_cast<Answer*>(into);
    answer.status = c->status;
    answer.body = detail::copied(c->body);
    answer.code = detail::copied(c->code);
    answer.field = detail::copied(c->field);
    for (std::size_t i = 0; i < c->headers_count; ++i)
      answer.headers.emplace(detail::copied(c->headers[i].name), detail::copied(c->headers[i].value));
  }
  static void keepCredentials(void* into, const mortise_testing_credentials* c) {
    auto& client = *static_cast<Client*>(into);
    client.token_ = detail::copied(c->token);
    client.cookie_ = detail::copied(c->cookie);
    client.csrf_ = detail::copied(c->csrf);
    client.user_id_ = detail::copied(c->user_id);
  }

  std::string address_;
  std::string token_;
  std::string cookie_;
  std::string csrf_;
  std::string user_id_;
};

// One server. Create it before its clients and destroy it after them: the destructor drains and stops it, and removes
// its files.
class ModuleHarness {
 public:
  using Options = std::vector<std::pair<std::string, std::string>>;

  // Only for tryLoad().
  ModuleHarness() = default;
  // `module`: a path with a '/', or a name, searched as NAME.so in the folders of $MORTISE_TEST_MODULES (separated by
  // ':'), beside the test program, and in ../modules. `options`: settings as in mortise.conf, {{"greeter.phrase",
  // "Hi"}}. Throws std::runtime_error when the module is missing (naming every searched place) or refused (with the
  // sentence for the operator).
  explicit ModuleHarness(const std::string& module, const Options& options = {})
      : ModuleHarness(std::vector<std::string>{module}, options) {}
  // Several modules that work together.
  explicit ModuleHarness(const std::vector<std::string>& modules, const Options& options = {}) {
    const auto names = detail::strings(modules);
    std::vector<mortise_pair> settings;
    for (const auto& [name, value] : options) settings.push_back({detail::str(name), detail::str(value)});
    std::string sentence;
    detail::require(mortise_testing_v1.start(names.data(), names.size(), settings.data(), settings.size(), &server_,
                                             &detail::keepText, &sentence),
                    sentence);
  }
  ~ModuleHarness() { mortise_testing_v1.stop(server_); }
  ModuleHarness(const ModuleHarness&) = delete;
  ModuleHarness& operator=(const ModuleHarness&) = delete;

  // A caller without credentials.
  Client anonymous() const {
    Client client;
    client.address_ = detail::copied(mortise_testing_v1.address(server()));
    return client;
  }
  // A new user with exactly these permissions (and no other of the loaded modules). Throws std::invalid_argument for
  // one that no loaded module declares.
  Client as(const std::string& permission) { return as(std::vector<std::string>{permission}); }
  Client as(const std::vector<std::string>& permissions) { return create(MORTISE_TESTING_USER, permissions, {}); }
  // A new user whose role is super_admin: every permission.
  Client admin() { return create(MORTISE_TESTING_ADMIN, {}, {}); }
  // A service key with these scopes that runs as an administrator.
  Client serviceKey(const std::vector<std::string>& scopes) { return create(MORTISE_TESTING_SERVICE_KEY, {}, scopes); }
  // As as(), but signed in with a session cookie; requests carry the CSRF token.
  Client browser(const std::vector<std::string>& permissions) {
    return create(MORTISE_TESTING_BROWSER, permissions, {});
  }

  // Tries to load another module file in its own kernel. Returns the sentence of the refusal, or an empty text when it
  // was loaded and started.
  std::string tryLoad(const std::string& file) const {
    std::string refusal;
    std::string sentence;
    detail::require(
        mortise_testing_v1.try_load(detail::str(file), &detail::keepText, &refusal, &detail::keepText, &sentence),
        sentence);
    return refusal;
  }

  // For the other headers of the kit. Throws std::logic_error when this harness runs no module.
  mortise_testing_server* server() const {
    if (server_ == nullptr) throw std::logic_error("this harness runs no module; give it one");
    return server_;
  }

 private:
  Client create(mortise_testing_caller_kind kind, const std::vector<std::string>& permissions,
                const std::vector<std::string>& scopes) {
    Client client = anonymous();
    const auto permission_names = detail::strings(permissions);
    const auto scope_names = detail::strings(scopes);
    const mortise_testing_caller caller{sizeof(mortise_testing_caller),
                                        kind,
                                        permission_names.data(),
                                        permission_names.size(),
                                        scope_names.data(),
                                        scope_names.size()};
    std::string sentence;
    detail::require(mortise_testing_v1.create_caller(server_, &caller, &Client::keepCredentials, &client,
                                                     &detail::keepText, &sentence),
                    sentence);
    return client;
  }

  mortise_testing_server* server_ = nullptr;
};

}  // namespace mortise::testing
