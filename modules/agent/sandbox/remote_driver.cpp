#include "remote_driver.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/percent.hpp>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <rapidjson/document.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "at_once.hpp"
#include "box.hpp"
#include "service_problem.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::HttpClient;
using mortise::HttpRequest;
using mortise::HttpResponse;
using mortise::Problem;
namespace json = mortise::json;

constexpr std::string_view kTruncated = "(truncated)";
constexpr std::uint64_t kMaxReply = 16 << 20;
constexpr std::size_t kMaxUpload = 64 << 20;
constexpr auto kTimeout = 30s;

Problem argument(std::string reason) { return Problem(422, "sandbox_argument").with("reason", std::move(reason)); }

// `data` of an answer.
class Answer {
 public:
  explicit Answer(const std::string& body) {
    document_.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
    if (document_.HasParseError() || !document_.IsObject()) throw serviceUnavailable("the answer is no JSON object");
  }
  std::string message() const { return text(document_, "msg"); }
  std::string text(const char* name) const { return text(data(), name); }
  bool boolean(const char* name) const {
    const auto* value = member(data(), name);
    return value != nullptr && value->IsBool() && value->GetBool();
  }
  std::optional<std::int64_t> number(const char* name) const {
    const auto* value = member(data(), name);
    return value != nullptr && value->IsInt64() ? std::optional(value->GetInt64()) : std::nullopt;
  }
  template <class Each>
  void each(const char* name, const Each& call) const {
    const auto* value = member(data(), name);
    if (value == nullptr || !value->IsArray()) return;
    for (const auto& element : value->GetArray()) call(element);
  }
  const rapidjson::Value& data() const {
    static const rapidjson::Value kNone;
    const auto* value = member(document_, "data");
    return value != nullptr ? *value : kNone;
  }
  static std::string text(const rapidjson::Value& object, const char* name) {
    const auto* value = member(object, name);
    return value != nullptr && value->IsString() ? std::string(value->GetString(), value->GetStringLength())
                                                 : std::string();
  }

 private:
  static const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
    if (!object.IsObject()) return nullptr;
    const auto entry = object.FindMember(name);
    return entry == object.MemberEnd() ? nullptr : &entry->value;
  }
  rapidjson::Document document_;
};

HttpResponse exchange(const HttpClient& http, const HttpRequest& request) {
  try {
    return http.perform(request);
  } catch (const HttpClient::Error& error) {
    throw serviceUnavailable(error.note());
  }
}

class RemoteSandbox final : public Sandbox {
 public:
  // `browsers`: empty when sessions use none.
  RemoteSandbox(HttpClient http, RemoteService service, std::shared_ptr<KeptAlive> alive,
                std::shared_ptr<RemoteBrowsers> browsers, std::string sessionId)
      : http_(http),
        service_(std::move(service)),
        alive_(std::move(alive)),
        browsers_(std::move(browsers)),
        sessionId_(std::move(sessionId)),
        prefix_(service_.shared() ? sessionId_ + "." : std::string()) {}

  FileText read(const ReadFile& file, const Stopped& stopped) override {
    const auto path = pathInBox(file.path);
    const auto most = file.most == 0 ? kMaxText : file.most;
    json::Object body;
    body.add("filepath", path).add("max_length", most).add("sudo", file.sudo);
    if (file.startLine) body.add("start_line", *file.startLine);
    if (file.endLine) body.add("end_line", *file.endLine);
    const auto answer = ofFile("read-file", body, path, stopped);
    FileText out{path, answer.text("content"), false};
    if (std::string_view(out.text).ends_with(kTruncated) && mortise::characterCount(out.text) > most) {
      out.text.resize(out.text.size() - kTruncated.size());
      out.cut = true;
    }
    const auto size = mortise::firstCharacters(out.text, most).size();
    out.cut = out.cut || size < out.text.size();
    out.text.resize(size);
    return out;
  }
  std::uint64_t write(const WriteFile& file, const Stopped& stopped) override {
    const auto path = pathInBox(file.path);
    const auto answer =
        ofFile("write-file",
               json::object({{"filepath", path}, {"content", file.text}, {"append", file.append}, {"sudo", file.sudo}}),
               path, stopped);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.number("bytes_written").value_or(0)));
  }
  std::int64_t replace(std::string_view path, std::string_view from, std::string_view to, const Stopped& stopped,
                       bool sudo) override {
    if (from.empty()) throw argument("old_str is empty");
    const auto where = pathInBox(path);
    return ofFile("replace-in-file",
                  json::object({{"filepath", where}, {"old_str", from}, {"new_str", to}, {"sudo", sudo}}), where,
                  stopped)
        .number("replaced_count")
        .value_or(0);
  }
  FoundLines search(std::string_view path, std::string_view regex, const Stopped& stopped, bool sudo) override {
    FoundLines out;
    out.path = pathInBox(path);
    const auto answer = ofFile(
        "search-in-file", json::object({{"filepath", out.path}, {"regex", regex}, {"sudo", sudo}}), out.path, stopped);
    answer.each("matches", [&](const rapidjson::Value& line) {
      out.lines.push_back(line.IsString() ? std::string(line.GetString(), line.GetStringLength()) : std::string());
    });
    answer.each("line_numbers", [&](const rapidjson::Value& number) {
      out.numbers.push_back(number.IsInt64() ? number.GetInt64() : 0);
    });
    out.numbers.resize(out.lines.size());
    return out;
  }
  std::vector<std::string> find(std::string_view directory, std::string_view glob, const Stopped& stopped) override {
    const auto where = pathInBox(directory);
    std::vector<std::string> out;
    ofFile("find-files", json::object({{"dir_path", where}, {"glob_pattern", glob}}), where, stopped)
        .each("files", [&](const rapidjson::Value& file) {
          if (file.IsString()) out.emplace_back(file.GetString(), file.GetStringLength());
        });
    return out;
  }
  bool exists(std::string_view path, const Stopped& stopped) override {
    const auto where = pathInBox(path);
    return ofFile("check-file-exists", json::object({{"filepath", where}}), where, stopped).boolean("exists");
  }
  void remove(std::string_view path, const Stopped& stopped) override {
    const auto where = pathInBox(path);
    ofFile("delete-file", json::object({{"filepath", where}}), where, stopped);
  }
  void upload(std::string_view path, const std::function<std::string()>& next, const Stopped& stopped) override {
    const auto where = pathInBox(path);
    const auto boundary = "mortise-" + mortise::makeUuid();
    HttpRequest request;
    request.body = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"filepath\"\r\n\r\n" + where +
                   "\r\n--" + boundary +
                   "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: "
                   "application/octet-stream\r\n\r\n";
    for (std::string piece; !(piece = next()).empty();) {
      request.body += piece;
      if (request.body.size() > kMaxUpload) throw Problem(507, "sandbox_full").with("path", where);
    }
    request.body += "\r\n--" + boundary + "--\r\n";
    request.headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
    request.timeout = 120s;
    request.stopped = stopped;
    send(request, "/api/file/upload-file", where, {});
  }
  void download(std::string_view path, const std::function<bool(std::string_view piece)>& piece,
                const Stopped& stopped) override {
    const auto where = pathInBox(path);
    // The status comes after the bytes, which would be those of an error.
    if (!exists(where, stopped)) throw Problem(404, "file_missing").with("path", where);
    HttpRequest request;
    request.url = service_.api() + "/api/file/download-file?filepath=" + mortise::percentEncoded(where);
    request.timeout = -1ms;
    request.stopped = stopped;
    bool enough = false;
    request.onPiece = [&](std::string_view bytes) {
      enough = !piece(bytes);
      return !enough;
    };
    try {
      const auto response = http_.perform(request);
      if (response.status != 200) refuse(response.status, "", where);
    } catch (const HttpClient::Error& error) {
      if (!enough) throw serviceUnavailable(error.note());
    }
  }

  Execution execute(std::string_view shellId, std::string_view directory, std::string_view command,
                    const Stopped& stopped) override {
    const auto id = shellId.empty() ? mortise::makeUuid() : std::string(shellId);
    const auto answer =
        ofShell("exec-command",
                json::object({{"session_id", prefix_ + id}, {"exec_dir", pathInBox(directory)}, {"command", command}}),
                id, kTimeout, stopped);
    Execution out{id, answer.text("command"), answer.text("status") == "running", std::nullopt, answer.text("output")};
    if (out.command.empty()) out.command = std::string(command);
    if (const auto code = answer.number("returncode"); code && !out.running) out.exitCode = static_cast<int>(*code);
    return out;
  }
  ShellOutput output(std::string_view shellId) override {
    const auto answer =
        ofShell("read-shell-output", json::object({{"session_id", prefix_ + std::string(shellId)}, {"console", true}}),
                shellId, kTimeout, {});
    ShellOutput out{std::string(shellId), answer.text("output")};
    answer.each("console_records", [&](const rapidjson::Value& record) {
      out.records.push_back(
          {Answer::text(record, "ps1"), Answer::text(record, "command"), Answer::text(record, "output")});
    });
    return out;
  }
  std::optional<int> wait(std::string_view shellId, std::chrono::seconds wait, const Stopped& stopped) override {
    const auto most = std::clamp(wait, 0s, std::chrono::seconds(1h));
    try {
      const auto answer = ofShell(
          "wait-process", json::object({{"session_id", prefix_ + std::string(shellId)}, {"seconds", most.count()}}),
          shellId, most + kTimeout, stopped);
      const auto code = answer.number("returncode");
      return code ? std::optional(static_cast<int>(*code)) : std::nullopt;
    } catch (const TimedOut&) {
      return std::nullopt;
    }
  }
  void input(std::string_view shellId, std::string_view text, bool pressEnter) override {
    ofShell("write-shell-input",
            json::object(
                {{"session_id", prefix_ + std::string(shellId)}, {"input_text", text}, {"press_enter", pressEnter}}),
            shellId, kTimeout, {});
  }
  std::optional<int> kill(std::string_view shellId) override {
    const auto answer =
        ofShell("kill-process", json::object({{"session_id", prefix_ + std::string(shellId)}}), shellId, kTimeout, {});
    if (answer.text("status") != "terminated") return std::nullopt;
    return static_cast<int>(answer.number("returncode").value_or(-1));
  }

  std::shared_ptr<browser::Browser> browser() override {
    return browsers_ ? browsers_->of(service_, sessionId_) : nullptr;
  }
  bool hasScreen() const override { return true; }
  Fd connectScreen(const Stopped& stopped, const std::function<void()>& failed) override {
    try {
      return service_.openScreen(stopped, failed);
    } catch (const Problem& problem) {
      throw Problem(503, "sandbox_unavailable")
          .with("reason", "the sandbox service has no desktop that answers")
          .note(problem.note())
          .retryAfter(5);
    }
  }

  std::unique_ptr<Program> start(ProgramPlan) override { throw notOffered(); }
  Fd connect(std::string_view) override { throw notOffered(); }
  void touch() override { alive_->touch(service_.api()); }

 private:
  struct TimedOut : Problem {
    using Problem::Problem;
  };

  static Problem notOffered() {
    return Problem(503, "sandbox_unavailable")
        .with("reason", "the sandbox service starts no programs that the server talks to, and has no sockets for it");
  }

  [[noreturn]] static void refuse(int status, const std::string& message, std::string_view path) {
    const auto because = [&](int http, const char* code) {
      return Problem(http, code).with("path", std::string(path)).note(message);
    };
    switch (status) {
      case 404:
        throw because(404, "file_missing");
      case 403:
        throw because(403, "file_denied");
      case 400:
      case 422:
        throw because(422, "file_unreadable");
      case 507:
        throw because(507, "sandbox_full");
      case 429:
      case 503:
        throw Problem(503, "sandbox_busy").retryAfter(5);
      default:
        throw serviceUnavailable("status " + std::to_string(status) + ": " + message);
    }
  }

  Answer send(HttpRequest& request, const std::string& path, std::string_view file,
              const std::function<void(int, const Answer&)>& before) {
    request.url = service_.api() + path;
    request.method = "POST";
    request.maxResponse = kMaxReply;
    const auto response = exchange(http_, request);
    Answer answer(response.body);
    if (response.status == 200) return answer;
    if (before) before(response.status, answer);
    refuse(response.status, answer.message(), file);
  }
  Answer ofFile(const char* operation, const json::Value& body, std::string_view path, const Stopped& stopped) {
    HttpRequest request;
    request.body = body.text();
    request.headers = {{"Content-Type", "application/json"}};
    request.timeout = kTimeout;
    request.stopped = stopped;
    return send(request, std::string("/api/file/") + operation, path, {});
  }
  Answer ofShell(const char* operation, const json::Value& body, std::string_view shell,
                 std::chrono::milliseconds timeout, const Stopped& stopped) {
    HttpRequest request;
    request.body = body.text();
    request.headers = {{"Content-Type", "application/json"}};
    request.timeout = timeout;
    request.idleTimeout = timeout;
    request.stopped = stopped;
    return send(request, std::string("/api/shell/") + operation, {}, [&](int status, const Answer& answer) {
      if (status == 404) throw Problem(404, "shell_missing").with("shell", std::string(shell));
      if (status == 400 && std::string_view(operation) == "wait-process") throw TimedOut(504, "timeout");
      if (status == 400 || status == 422) throw argument(answer.message());
    });
  }

  HttpClient http_;
  RemoteService service_;
  std::shared_ptr<KeptAlive> alive_;
  std::shared_ptr<RemoteBrowsers> browsers_;
  std::string sessionId_;
  std::string prefix_;  // of names of shells: those that two sessions chose alike stay apart
};

}  // namespace

RemoteDriver::RemoteDriver(HttpClient http, const RemoteAddresses& addresses, bool hasBrowser)
    : http_(http),
      alive_(std::make_shared<KeptAlive>(http)),
      service_(http, std::make_shared<WebSockets>(), addresses),
      hasBrowser_(hasBrowser) {}

std::vector<Capability> RemoteDriver::capabilities() {
  // Where each session has a service of its own, there is none to ask.
  const auto tried = [&](const char* name, const std::string& address, const char* option, const auto& check) {
    Capability out{name, true, "at " + address.substr(0, address.find('?'))};  // a query may be a token
    if (!service_.shared()) return out;
    try {
      check();
    } catch (const Problem& problem) {
      out.available = false;
      out.detail += ": " + problem.note() + "; see " + option;
    } catch (const std::exception& error) {
      out.available = false;
      out.detail += std::string(": ") + error.what();
    }
    return out;
  };
  Capability shell, browser, desktop;
  const std::function<void()> checks[] = {
      [&] {
        shell = tried("shell", service_.api(), "agent.sandbox_address", [&] { service_.checkProcesses(kAskLimit); });
      },
      [&] {
        browser = hasBrowser_ ? tried("browser", service_.browser(), "agent.sandbox_browser_address",
                                      [&] { service_.checkBrowser(kAskLimit); })
                              : Capability{"browser", false, "agent.sandbox_browser is false"};
      },
      [&] {
        desktop = tried("desktop", service_.screen(), "agent.sandbox_desktop_address",
                        [&] { service_.checkScreen(kAskLimit); });
      }};
  atOnce(std::size(checks), [&](std::size_t i) { checks[i](); });
  auto files = shell;
  files.name = "files";
  if (!shell.available) {
    if (hasBrowser_) browser = {"browser", false, shell.detail};
    desktop = {"desktop", false, shell.detail};
  }
  return {std::move(files), std::move(shell), std::move(browser), std::move(desktop)};
}

std::shared_ptr<Sandbox> RemoteDriver::open(std::string_view sessionId) {
  return std::make_shared<RemoteSandbox>(http_, service_.of(sessionId), alive_, hasBrowser_ ? browsers_ : nullptr,
                                         std::string(sessionId));
}

std::shared_ptr<Sandbox> RemoteDriver::openForProgram(std::string_view) {
  throw Problem(503, "sandbox_unavailable").with("reason", "the sandbox service starts no programs for it");
}

std::shared_ptr<Sandbox> RemoteDriver::find(std::string_view sessionId) { return open(sessionId); }

void RemoteDriver::remove(std::string_view sessionId) {
  const auto service = service_.of(sessionId);
  browsers_->forget(service, sessionId);
  if (service.shared()) return;
  HttpRequest request;
  request.url = service.api() + "/api/supervisor/shutdown";
  request.method = "POST";
  request.timeout = 10s;
  request.maxResponse = 1 << 20;
  try {
    http_.perform(request);
  } catch (const HttpClient::Error&) {  // it is gone already
  }
}

}  // namespace agent::sandbox
