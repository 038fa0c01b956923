// Sessions in a kernel, with a model that follows a script.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <mortise/testing/module_harness.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scripted_model_testing.hpp"
#include "tests/peers/process.hpp"

namespace agent {

using mortise::testing::Answer;
using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using Clock = std::chrono::steady_clock;

inline rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document out;
  out.Parse(text.data(), text.size());
  EXPECT_FALSE(out.HasParseError()) << text;
  if (out.HasParseError()) out.SetObject();
  return out;
}
inline std::string textOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

struct Seen {
  std::string kind;
  std::string id;
  std::string data;
  rapidjson::Document read() const { return parsed(data); }
  std::string member(const char* name) const {
    const auto document = read();
    return document.HasMember(name) && document[name].IsString() ? document[name].GetString() : "";
  }
  bool isPartial() const {
    const auto document = read();
    return document.HasMember("partial") && document["partial"].GetBool();
  }
};

inline std::vector<Seen> eventsIn(const std::string& body) {
  std::vector<Seen> out;
  Seen one;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with("event: ")) one.kind = line.substr(7);
    if (line.starts_with("id: ")) one.id = line.substr(4);
    if (line.starts_with("data: ")) one.data = line.substr(6);
    if (!line.empty() || one.data.empty()) continue;
    out.push_back(std::move(one));
    one = {};
  }
  return out;
}
inline std::vector<Seen> stored(const std::vector<Seen>& events) {
  std::vector<Seen> out;
  for (const auto& event : events) {
    if (!event.isPartial()) out.push_back(event);
  }
  return out;
}
inline std::vector<std::string> kindsOf(const std::vector<Seen>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) {
    auto kind = event.kind;
    if (kind == "message") kind += ":" + event.member("role");
    if (kind == "step" || kind == "tool") kind += ":" + event.member("status");
    out.push_back(kind);
  }
  return out;
}

inline const std::string kPlan =
    R"({"text":"{\"title\":\"Paris\",\"language\":\"en\",\"message\":\"I will plan a whole day in Paris for you now.\",\"goal\":\"A day\",\"steps\":[{\"id\":\"1\",\"description\":\"Look\"}]}"})";
inline const std::string kStepDone = R"({"text":"{\"success\":true,\"result\":\"Looked.\",\"attachments\":[]}"})";
inline const std::string kNoMoreSteps = R"({"text":"{\"steps\":[]}"})";
inline const std::string kSummary =
    R"({"text":"{\"message\":\"Go to the Louvre and then to the river.\",\"attachments\":[]}"})";

inline std::string call(const std::string& name, const std::string& arguments) {
  return R"({"calls":[{"name":")" + name + R"(","arguments":)" + arguments + "}]}";
}
inline std::string script(const std::vector<std::string>& answers) {
  std::string out = "[";
  for (const auto& answer : answers) out += (out.size() > 1 ? "," : "") + answer;
  return out + "]";
}

class Sessions : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<testing_peers::ScriptedModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  void SetUp() override { model_->clear(); }

  static ModuleHarness::Options options(ModuleHarness::Options more, bool limited) {
    ModuleHarness::Options out{{"agent.model_base_url", model_->baseUrl()},
                               {"agent.model_name", "judge-large"},
                               {"limits.enabled", limited ? "true" : "false"},
                               {"http_client.allow_private", "true"}};
    out.emplace_back("agent.sandbox", "off");
    for (auto& option : more) {
      std::erase_if(out, [&](const auto& usual) { return usual.first == option.first; });
      out.push_back(std::move(option));
    }
    return out;
  }
  void begin(ModuleHarness::Options more = {}, bool limited = false) {
    user_.reset();
    harness_ =
        std::make_unique<ModuleHarness>(std::vector<std::string>{"agent", "files"}, options(std::move(more), limited));
    user_ = std::make_unique<Client>(harness_->as(std::vector<std::string>{"agent.use", "files.read", "files.write"}));
  }
  std::string create() const {
    const auto answer = user_->post("/api/sessions", "{}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return parsed(answer.body)["data"]["session_id"].GetString();
  }
  static std::string at(const std::string& id, const std::string& what = {}) {
    return "/api/sessions/" + id + (what.empty() ? "" : "/" + what);
  }
  Answer chat(const std::string& id, const std::string& body) const { return user_->post(at(id, "chat"), body); }
  std::vector<Seen> say(const std::string& id, const std::string& text) const {
    const auto answer = chat(id, R"({"message":")" + text + "\"}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return eventsIn(answer.body);
  }
  std::string status(const std::string& id) const {
    return parsed(user_->get(at(id)).body)["data"]["status"].GetString();
  }
  std::vector<Seen> detail(const std::string& id) const {
    std::vector<Seen> out;
    const auto read = parsed(user_->get(at(id)).body);
    for (const auto& event : read["data"]["events"].GetArray())
      out.push_back({event["event"].GetString(), event["data"]["event_id"].GetString(), textOf(event["data"])});
    return out;
  }
  rapidjson::Document item(const std::string& id) const {
    const auto read = parsed(user_->get("/api/sessions").body);
    rapidjson::Document out;
    out.SetObject();
    for (const auto& session : read["data"]["sessions"].GetArray()) {
      if (session["session_id"].GetString() == id) out.CopyFrom(session, out.GetAllocator());
    }
    return out;
  }
  bool hasMetric(const std::string& line) const {
    return harness_->anonymous().get("/metrics").body.find(line + "\n") != std::string::npos;
  }
  static bool waitFor(const std::function<bool()>& isSo, std::chrono::seconds most = std::chrono::seconds(20)) {
    for (const auto end = Clock::now() + most; Clock::now() < end;
         std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
      if (isSo()) return true;
    }
    return false;
  }

  static inline std::unique_ptr<testing_peers::ScriptedModel> model_;
  std::unique_ptr<ModuleHarness> harness_;
  std::unique_ptr<Client> user_;
};

// A machine that makes boxes, on a directory that is gone with the test.
class SessionsInBoxes : public Sessions {
 protected:
  void beginInBoxes(ModuleHarness::Options more = {}) {
    more.insert(more.begin(), {{"agent.sandbox", "local"}, {"agent.sandbox_directory", directory_.path() + "/boxes"}});
    begin(std::move(more));
  }
  bool hasBoxes() const {
    return harness_->admin().get("/api/v1/infra/health").body.find(R"("sandbox":{"status":"healthy")") !=
           std::string::npos;
  }
  // What the call of a tool gave, as its event shows it.
  std::string contentOfCall(const std::vector<Seen>& events) const {
    for (const auto& event : events) {
      if (event.kind == "tool" && event.member("status") == "called") return textOf(event.read()["content"]);
    }
    return "no call";
  }

  mortise::peers::TempDirectory directory_{"agent-boxes"};
};

}  // namespace agent
