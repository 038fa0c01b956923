// One server of MCP, of either era: which revision it speaks, its tools, and calls of them.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json.hpp>
#include <mortise/models.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/elicitation.hpp"
#include "mcp/known_forms.hpp"
#include "mcp/message.hpp"
#include "mcp/transport.hpp"

namespace agent::mcp {

struct Tool {
  std::string name;
  std::string description{};
  std::string inputSchema = R"({"type":"object","properties":{}})";
  // 2026-07-28: arguments that travel as header fields, too: the name of the argument, and of the field.
  std::vector<std::pair<std::string, std::string>> headerArguments{};
};

// What a call gave back: `result` of tools/call, text of a JSON object.
struct CallResult {
  std::string text;
};

// What a server is told of questions to the user (elicitation).
enum class Questions : std::uint8_t {
  none,       // that nobody is asked
  announced,  // that the user is asked; by a client that looks at tools, calls none and listens for no questions
  heard       // that the user is asked, as the CallHelp of each call does it; without an ask they are cancelled
};

// What a server may want in the middle of a call.
struct CallHelp {
  std::function<void(std::string_view text)> progress{};
  Asking asking{};
};

// Makes connections: one more when the one before is gone, or when a server speaks an older transport.
class Connector {
 public:
  Connector() = default;
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  virtual ~Connector() = default;
  virtual std::unique_ptr<Transport> connect() = 0;
  // Of the first revision's HTTP; null where there is none, as for stdio.
  virtual std::unique_ptr<Transport> connectToFirstRevision() { return nullptr; }
  // Whether the server speaks the first revision's HTTP and nothing newer.
  virtual bool isOfFirstRevision() const { return false; }
  // How the server spoke last; empty: that is not known.
  virtual std::optional<Form> form() const { return std::nullopt; }
  // How it speaks; empty: not as it was known to.
  virtual void setForm(std::optional<Form>) {}
};

// Used by one thread. Everything throws Failure.
class Client {
 public:
  // `version`: of this server, which it calls itself by.
  Client(std::unique_ptr<Connector> connector, std::string version, Questions questions = Questions::none);
  ~Client();

  // Finds out how the server speaks. Nothing else may be called before.
  void open(const Waiting& waiting);
  // All of them, at most 512. A tool that can't be offered is left out.
  std::vector<Tool> tools(const Waiting& waiting);
  // `arguments`: text of a JSON object. Time in which a user is asked does not count.
  CallResult call(const Tool& tool, std::string_view arguments, const CallHelp& help, Waiting waiting);
  // True once after the server has said that its tools are others, or when its list is as old as it may be.
  bool toolsChanged();
  // What the server's program said on stderr before it failed, once; empty: nothing, or there is none. For the log only:
  // it may hold what no model should see.
  std::string takeLastWords();

  Era era() const noexcept { return era_; }
  const std::string& version() const noexcept { return version_; }  // the revision that is spoken

 private:
  // An answer, and the messages it came with, which its value lies in.
  struct Answer {
    std::unique_ptr<Batch> batch;
    rapidjson::Value value;
  };

  Form find(const Waiting& waiting);
  bool openAsKnown(const Waiting& waiting);
  void openLegacy(const Waiting& waiting);
  bool tryModern(const Waiting& waiting);
  void reopen(const Waiting& waiting);
  void drop();
  mortise::json::Value capabilities() const;
  mortise::json::Value withMeta(std::string_view members, std::string_view token) const;
  Answer ask(std::string_view method, std::string_view members, std::string_view name, const CallHelp& help,
             Waiting& waiting, std::vector<std::pair<std::string, std::string>> headers = {});
  std::optional<Answer> awaited(std::int64_t id, const CallHelp& help, Waiting& waiting);
  void handle(Incoming& message, std::int64_t id, const CallHelp& help, Waiting& waiting);
  void notify(std::string_view method, const mortise::json::Value& params, const Waiting& waiting);
  void cancel(std::int64_t id);
  std::vector<Tool> toolsOnce(const Waiting& waiting);
  CallResult callOnce(const Tool& tool, std::string_view arguments, const CallHelp& help, Waiting& waiting);

  const std::unique_ptr<Connector> connector_;
  const std::string ownVersion_;
  const Questions questions_;
  std::unique_ptr<Transport> transport_;
  Era era_ = Era::undecided;
  std::string version_;
  std::int64_t lastId_ = 0;
  std::string lastWords_;
  bool changed_ = false;
  std::optional<Waiting::Clock::time_point> staleAt_;
};

}  // namespace agent::mcp
