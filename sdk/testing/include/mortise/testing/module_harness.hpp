// Runs a module in a real kernel, in this process, on a temporary SQLite database, and calls it over real HTTP on
// loopback.
//
//   class GreeterModule : public ::testing::Test {
//    protected:
//     mortise::testing::ModuleHarness harness_{"greeter"};
//     mortise::testing::Client nobody_ = harness_.nobody();
//     mortise::testing::Client editor_ = harness_.as("greeter.edit");
//   };
//   TEST_F(GreeterModule, NobodyMayNotAddPhrases) { EXPECT_EQ(nobody_.post("/api/greeter/phrases",
//   R"({"phrase":"Hi"})").status, 401); }
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::testing {

struct Answer {
  int status = 0;
  std::string body;
  std::string code;                            // of a refusal, in whatever family's shape; empty when there is none
  std::string field;                           // first field at fault: "body/email"; empty when there is none
  std::map<std::string, std::string> headers;  // names in lower case
};

// A caller with a name: nobody, or a user with certain permissions. Copy it freely; use it while its harness lives,
// from any thread. A request that gets no answer at all throws std::runtime_error.
class Client {
 public:
  Answer get(const std::string& path) const { return request("GET", path); }
  Answer post(const std::string& path, const std::string& json = {}) const { return request("POST", path, json); }
  Answer put(const std::string& path, const std::string& json = {}) const { return request("PUT", path, json); }
  Answer patch(const std::string& path, const std::string& json = {}) const { return request("PATCH", path, json); }
  Answer del(const std::string& path, const std::string& json = {}) const { return request("DELETE", path, json); }
  // `headers`: whole lines, "Accept-Language: zh-CN". A body without Content-Type is sent as JSON.
  Answer request(const std::string& method, const std::string& path, const std::string& body = {},
                 const std::vector<std::string>& headers = {}) const;

  // For real clients of other kinds (a WebSocket library): "127.0.0.1:43211", and the access token, empty for nobody.
  const std::string& address() const { return address_; }
  const std::string& token() const { return token_; }
  const std::string& userId() const { return user_id_; }

 private:
  friend class ModuleHarness;
  std::string address_;
  std::string token_;
  std::string user_id_;
};

// One server. Made before its clients, ended after them: the destructor drains and stops it, and removes its files.
class ModuleHarness {
 public:
  using Options = std::vector<std::pair<std::string, std::string>>;

  // Only for tryLoad().
  ModuleHarness();
  // `module`: a path with a '/', or a name, found as NAME.so in the folders of $MORTISE_TEST_MODULES (separated by
  // ':'), beside the test program, and in ../modules. `options`: settings as in mortise.conf, {{"greeter.phrase",
  // "Hi"}}. Throws std::runtime_error when the module is not found (naming every place) or refused (with the sentence
  // an operator would read).
  explicit ModuleHarness(const std::string& module, const Options& options = {});
  // Several that work together.
  explicit ModuleHarness(const std::vector<std::string>& modules, const Options& options = {});
  ~ModuleHarness();
  ModuleHarness(const ModuleHarness&) = delete;
  ModuleHarness& operator=(const ModuleHarness&) = delete;

  Client nobody() const;
  // A new user who has exactly these permissions (and no other of any module here). Throws std::invalid_argument for
  // one nobody declares.
  Client as(const std::string& permission) { return as(std::vector<std::string>{permission}); }
  Client as(const std::vector<std::string>& permissions);
  // A new user whose role is admin: every permission.
  Client admin();

  // Tries to load another module file in a kernel of its own; the sentence of the refusal, or empty when it was loaded
  // and started.
  std::string tryLoad(const std::string& file) const;

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace mortise::testing
