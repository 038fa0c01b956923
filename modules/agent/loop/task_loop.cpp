#include "loop/task_loop.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/skills_catalog.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include "conversations/failure_texts.hpp"
#include "json_text.hpp"
#include "loop/plan.hpp"
#include "loop/prompts.hpp"
#include "loop/repetition_guard.hpp"
#include "loop/speaker.hpp"
#include "loop/tool_attempts.hpp"
#include "memory/agent_memory.hpp"
#include "tools/message_box.hpp"
#include "tools/skill_box.hpp"
#include "tools/tool_registry.hpp"

namespace agent {
namespace {

namespace models = mortise::models;
namespace json = mortise::json;

constexpr std::size_t kResultCharacters = 4000;  // of a step, in the plan

// What the runtime API shows of a call: {"result": text}.
std::string runtimeContent(const ToolResult& result) {
  constexpr std::size_t kMaxCharacters = 16000;
  std::string text;
  rapidjson::Document data;
  if (!result.success) {
    text = "Error: " + result.message;
  } else if (parseJson(result.data, data) && data.IsString()) {
    text = {data.GetString(), data.GetStringLength()};
  } else {
    text = result.data == "null" ? result.message : result.data;
  }
  if (mortise::characterCount(text) > kMaxCharacters)
    text = mortise::firstCharacters(text, kMaxCharacters) + "…(truncated)";
  return json::object({{"result", text}}).text();
}

// Why a step can't go on.
class StepFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace

// One task.
class TaskRun {
 public:
  TaskRun(TaskLoop& loop, RunningTask& task, ModelSettings model)
      : loop_(loop),
        task_(task),
        model_(std::move(model)),
        limits_(loop.parts_.settings.loop()),
        progress_(readProgress(task.session().progress)),
        planner_("planner", task.memory("planner")),
        react_("react", task.memory("react")) {}

  void go() {
    open();
    if (!task_.resumes()) {
      progress_.phase = Phase::idle;
      progress_.approvalAsked.clear();
    }
    while (!over_) {
      task_.check();
      try {
        step();
      } catch (const ModelFailure& fault) {
        fail(isThread() ? std::string(fault.what()) : modelFailureText(fault.what()));
      }
    }
  }

 private:
  bool isThread() const { return task_.session().kind == SessionKind::thread; }

  void step() {
    switch (progress_.phase) {
      case Phase::idle:
        return begin();
      case Phase::waiting:
        return resume();
      case Phase::planning:
        return plan();
      case Phase::executing:
        return isThread() ? answer() : execute();
      case Phase::updating:
        return update();
      case Phase::summarizing:
        return summarize();
    }
  }

  // ---- what the task has to work with ------------------------------------------------------------------------------

  void open() {
    const auto& session = task_.session();
    bool hasBrowser = false;
    for (const auto& capability : loop_.parts_.driver.capabilities()) {
      if (!capability.available) missing_ += "- " + capability.name + "\n";
      hasBrowser = hasBrowser || (capability.available && capability.name == "browser");
    }
    const bool hasBox = box() != nullptr;
    if (!isThread() && !hasBox && missing_.find("- files") == std::string::npos)
      missing_ += "- files, shell: the box of this session can't be opened now\n";
    const TaskFacts facts{session.id,
                          session.owner.value_or(""),
                          hasBox,
                          hasBrowser,
                          [stop = task_.stop()] { return stop.isRaised(); },
                          task_.asksUser()};
    ToolBoxes boxes;
    for (auto* maker : loop_.parts_.makers) {
      if (auto box = maker->make(facts)) boxes.push_back(std::move(box));
      task_.check();
    }
    if (const auto catalog = loop_.host_.optional<mortise::SkillsCatalog>()) {
      try {
        auto skills = std::make_unique<SkillBox>(*catalog, loop_.log_, facts);
        skills->attach({[this](std::string_view function, std::string_view arguments, const ToolContext& context) {
                          return callForSkill(function, arguments, context);
                        },
                        [this](std::string_view function) {
                          if (progress_.approved != function) return false;
                          progress_.approved.clear();
                          return true;
                        },
                        [this](std::string_view function) { progress_.approvalAsked = function; },
                        [this] { return box(); }});
        skills_ = skills.get();
        boxes.push_back(std::move(skills));
      } catch (const mortise::Problem& problem) {
        loop_.log_.warning("a task runs without skills", {{"session", session.id}, {"reason", problem.note()}});
      }
    }
    registry_ = std::make_unique<ToolRegistry>(std::move(boxes));
    prepare();
  }

  // As it is now: the one that a task began with may have ended. Empty: the session has none.
  std::shared_ptr<sandbox::Sandbox> box() const {
    if (isThread()) return nullptr;
    try {
      return loop_.parts_.driver.open(task_.session().id);
    } catch (const mortise::Problem& problem) {
      loop_.log_.debug("a session has no box", {{"session", task_.session().id}, {"reason", problem.note()}});
      return nullptr;
    }
  }

  // A skill may use what other servers offer, and nothing that acts on the session's box or asks the user.
  ToolResult callForSkill(std::string_view function, std::string_view arguments, const ToolContext& context) const {
    const auto tool = registry_->find(function);
    if (tool.box == nullptr || (tool.box->name() != "mcp" && tool.box->name() != "a2a"))
      return failure("The tool that the skill uses is not there.");
    std::string lacking;
    const auto toolArguments = registry_->argumentsFor(tool.function, arguments, lacking);
    if (!lacking.empty()) return failure("the parameter " + lacking + " is missing");
    return tool.box->call(tool.function, toolArguments, context);
  }

  // Before each message of the user: skills that fit it, and what the models are told of all.
  void prepare() {
    std::string guides;
    if (skills_ != nullptr) {
      skills_->select(progress_.message, isStopped());
      registry_->refresh();
      guides = skills_->guides();
    }
    planner_.setSystem(prompts::planner(missing_, guides));
    react_.setSystem(isThread() ? prompts::assistant(missing_, guides) : prompts::executor(missing_, guides));
  }

  std::function<bool()> isStopped() const {
    return [stop = task_.stop()] { return stop.isRaised(); };
  }

  // Without progress, which nothing shows yet.
  ToolContext context() {
    ToolContext out{.sessionId = task_.session().id,
                    .userId = task_.session().owner.value_or(""),
                    .language = task_.session().language,
                    .stopped = isStopped()};
    if (task_.asksUser()) out.ask = [this](std::string_view question) { return askInCall(question); };
    return out;
  }

  // ---- writing -----------------------------------------------------------------------------------------------------

  Happening happening(std::vector<NewEvent> events = {}) {
    Happening out;
    out.events = std::move(events);
    out.progress = toText(progress_);
    for (auto* memory : {&planner_, &react_}) {
      if (auto change = memory->takeChange()) out.memories.push_back(std::move(*change));
    }
    return out;
  }
  void write(std::vector<NewEvent> events = {}) { task_.write(happening(std::move(events))); }

  // The end of a round: the end of the task, with `end`, or the next message of the user, with `instead`: streams end
  // behind the one, and not behind the other.
  void endRound(std::vector<NewEvent> events, NewEvent end, std::vector<NewEvent> instead = {}) {
    progress_.phase = Phase::idle;
    auto last = happening(std::move(events));
    last.events.push_back(std::move(end));
    if (task_.finish(SessionStatus::completed, last)) {
      over_ = true;
      return;
    }
    last.events.pop_back();
    for (auto& event : instead) last.events.push_back(std::move(event));
    task_.write(last);
  }

  void fail(const std::string& reason) {
    loop_.log_.info("a task failed", {{"session", task_.session().id}, {"reason", reason}});
    planner_.rollBack();
    react_.rollBack();
    endRound({}, errorEvent(reason), {messageEvent("assistant", reason, mortise::makeUuid(), {})});
  }

  // ---- states ------------------------------------------------------------------------------------------------------

  std::vector<std::string> bring(const std::vector<std::string>& fileIds) {
    std::vector<std::string> paths;
    const auto box = fileIds.empty() ? nullptr : this->box();
    for (const auto& id : fileIds) {
      task_.check();
      const auto file = loop_.parts_.files.find(id);
      if (!file) continue;
      if (!box) {
        paths.push_back(file->filename + " (can't be opened: the session has no box)");
        continue;
      }
      try {
        paths.push_back(loop_.parts_.files.upload(task_.session().id, *file, *box, isStopped()));
      } catch (const std::exception& error) {
        loop_.log_.warning("a file can't be brought into a box",
                           {{"session", task_.session().id}, {"reason", error.what()}});
        paths.push_back(file->filename + " (can't be opened)");
      }
    }
    return paths;
  }

  void begin() {
    const auto input = task_.takeInput();
    if (!input) {
      if (task_.finish(SessionStatus::completed, happening({doneEvent()}))) over_ = true;
      return;
    }
    start(*input);
  }

  void start(const Input& input) {
    progress_.message = input.text;
    progress_.attachments = bring(input.attachments);
    planner_.rollBack();
    react_.rollBack();
    prepare();
    if (isThread()) {
      react_.add(models::user(input.text));
      progress_.phase = Phase::executing;
    } else {
      planner_.add(models::user(prompts::makePlan(input.text, progress_.attachments)));
      progress_.phase = Phase::planning;
    }
    write();
  }

  void resume() {
    const auto input = task_.takeInput();
    if (!input) {
      progress_.phase = Phase::idle;
      return;
    }
    if (!reply(*input)) start(*input);
  }

  // False: nothing waits for it.
  bool reply(const Input& input) {
    auto text = input.text;
    for (const auto& path : bring(input.attachments)) {
      text += "\nAttached: " + path;
      progress_.attachments.push_back(path);
    }
    if (!progress_.approvalAsked.empty()) {
      if (isAffirmative(input.text)) progress_.approved = progress_.approvalAsked;
      progress_.approvalAsked.clear();
    }
    if (!react_.rollBack(text.empty() ? "(no text)" : text)) return false;
    progress_.phase = Phase::executing;
    prepare();
    write();
    return true;
  }

  void plan() {
    Speaker speaker(task_);
    bool titled = false;
    const auto messageOf = [&](const std::string& text) -> std::string {
      const auto title = mortise::firstCharacters(growingMember(text, "title"), kTitleCharacters);
      auto message = growingMember(text, "message");
      if (message.empty() || title.empty()) return {};
      if (!titled) {
        task_.write({.events = {titleEvent(title)}, .title = title});
        titled = true;
      }
      return message;
    };
    const auto answer = loop_.parts_.desk.ask(task_, planner_, model_, limits_,
                                              {.jsonAnswer = true, .onText = speaker.listener(messageOf)});
    auto plan =
        readPlan(answer.text).value_or(fallbackPlan(answer.text, progress_.message, !progress_.attachments.empty()));
    if (plan.title.empty()) plan.title = mortise::firstCharacters(progress_.message, 40);
    makeIdsUnique(plan, progress_.usedIds);
    progress_.plan = std::move(plan);
    std::vector<NewEvent> events;
    if (!titled) task_.write({.events = {titleEvent(progress_.plan.title)}, .title = progress_.plan.title});
    if (!progress_.plan.message.empty()) events.push_back(speaker.finish(progress_.plan.message));
    events.push_back(planEvent(progress_.plan.views()));
    if (progress_.plan.steps.empty()) {
      events.push_back(planEvent({}));
      endRound(std::move(events), doneEvent());
      return;
    }
    progress_.phase = Phase::executing;
    write(std::move(events));
  }

  void execute() {
    auto* step = progress_.plan.next();
    if (step == nullptr) {
      progress_.phase = Phase::summarizing;
      write();
      return;
    }
    if (step->status == "pending") {
      step->status = "running";
      react_.add(models::user(prompts::executeStep(progress_, *step)));
      write({stepEvent({step->id, step->description, step->status})});
    }
    Speaker speaker(task_);
    std::vector<NewEvent> events;
    try {
      const auto outcome = act(speaker, true);
      if (!outcome) return;  // it waits for the user
      step->status = outcome->success ? "completed" : "failed";
      if (!outcome->success) loop_.failedSteps_.add();
      step->result = mortise::firstCharacters(outcome->text, kResultCharacters);
      events.push_back(stepEvent({step->id, step->description, step->status}));
      if (!outcome->text.empty()) events.push_back(speaker.finish(outcome->text, keep(outcome->attachments)));
    } catch (const ModelFailure& fault) {
      events = failStep(*step, fault.what(), speaker);
    } catch (const StepFailure& fault) {
      events = failStep(*step, fault.what(), speaker);
    }
    react_.forgetPassing();
    planner_.forgetPassing();
    progress_.phase = Phase::updating;
    write(std::move(events));
  }

  // The task goes on: no event `error`, behind which streams end. What the step was saying ends with the reason.
  std::vector<NewEvent> failStep(PlanStep& step, const std::string& reason, Speaker& speaker) {
    loop_.failedSteps_.add();
    loop_.log_.info("a step failed", {{"session", task_.session().id}, {"reason", reason}});
    react_.rollBack();
    step.status = "failed";
    step.result = reason;
    return {stepEvent({step.id, step.description, step.status}),
            speaker.finish(stepFailureText(task_.session().language, reason))};
  }

  void update() {
    // The step that was over last.
    const PlanStep* last = nullptr;
    for (const auto& step : progress_.plan.steps) {
      if (step.isOver()) last = &step;
    }
    if (last != nullptr) {
      planner_.add(models::user(prompts::updatePlan(progress_, *last)));
      const auto answer = loop_.parts_.desk.ask(task_, planner_, model_, limits_, {.jsonAnswer = true});
      // Steps that stay keep their ids.
      const auto used = progress_.usedIds;
      for (const auto& step : progress_.plan.steps) {
        if (!step.isOver()) progress_.usedIds.erase(step.id);
      }
      if (updatePlan(answer.text, progress_.plan)) makeIdsUnique(progress_.plan, progress_.usedIds);
      progress_.usedIds.insert(used.begin(), used.end());
    }
    progress_.phase = Phase::executing;
    write({planEvent(progress_.plan.views())});
  }

  void summarize() {
    Speaker speaker(task_);
    react_.add(models::user(prompts::summarize(progress_)));
    const auto messageOf = [](const std::string& text) { return growingMember(text, "message"); };
    const auto answer = loop_.parts_.desk.ask(task_, react_, model_, limits_,
                                              {.jsonAnswer = true, .onText = speaker.listener(messageOf)});
    const auto outcome = readOutcome(answer.text);
    std::vector<NewEvent> events;
    if (!outcome.text.empty()) events.push_back(speaker.finish(outcome.text, keep(outcome.attachments)));
    events.push_back(planEvent(progress_.plan.views()));
    react_.forgetPassing();
    endRound(std::move(events), doneEvent());
  }

  // A thread of the runtime API: no plan, the answer is the text.
  void answer() {
    Speaker speaker(task_);
    try {
      const auto outcome = act(speaker, false);
      if (!outcome) return;
      std::vector<NewEvent> events;
      if (!outcome->text.empty()) events.push_back(speaker.finish(outcome->text));
      react_.forgetPassing();
      endRound(std::move(events), doneEvent());
    } catch (const StepFailure& fault) {
      fail(fault.what());
    }
  }

  // ---- tools -------------------------------------------------------------------------------------------------------

  // Calls tools until the model answers without one. Empty: the task waits for the user, or has ended.
  std::optional<Outcome> act(Speaker& speaker, bool asJson) {
    RepetitionGuard guard;
    const auto resultOf = [asJson](const std::string& text) -> std::string {
      if (!asJson) return text;
      const auto first = text.find_first_not_of(" \t\r\n");
      const bool isJson = first != std::string::npos && (text[first] == '{' || text[first] == '`');
      return isJson ? growingMember(text, "result") : std::string();
    };
    for (std::int64_t turn = 0;; ++turn) {
      registry_->refresh();  // servers may have other tools since the last call
      const auto answer = loop_.parts_.desk.ask(
          task_, react_, model_, limits_,
          {.tools = registry_->tools(), .jsonAnswer = asJson && turn == 0, .onText = speaker.listener(resultOf)});
      if (answer.toolCalls.empty()) return asJson ? readOutcome(answer.text) : Outcome{true, cleanText(answer.text)};
      if (turn >= limits_.maxIterations)
        throw StepFailure(tooManyCallsText(task_.session().language, limits_.maxIterations));
      // What was said before the call is said.
      if (speaker.spoke()) {
        write({speaker.finish(asJson ? readOutcome(answer.text).text : cleanText(answer.text))});
        speaker.restart();
      }
      if (!use(answer.toolCalls.front(), guard)) return std::nullopt;
    }
  }

  // False: the task waits for the user.
  bool use(const models::ToolCall& call, RepetitionGuard& guard) {
    const auto tool = registry_->find(call.name);
    std::string lacking;
    const auto arguments = registry_->argumentsFor(tool.function, call.arguments, lacking);
    std::vector<NewEvent> events;
    ToolResult result;
    if (tool.box == nullptr) {
      result = failure("unknown tool: " + cleanText(mortise::firstCharacters(call.name, 100)));
    } else if (!lacking.empty()) {
      result = failure("the parameter " + lacking + " is missing");
    } else if (tool.function == kAskUser) {
      return ask(arguments);
    } else {
      const std::string box(tool.box->name());
      write({toolEvent(call.id, box, tool.function, arguments, false)});
      result = called(*tool.box, tool.function, arguments);
      if (result.success) keepFile(*tool.box, tool.function, arguments);
      events.push_back(toolEvent(call.id, box, tool.function, arguments, true,
                                 isThread() ? runtimeContent(result) : result.content));
      loop_.countCall(box, result.success);
    }
    auto text = resultText(result);
    const auto verdict = guard.saw(tool.function, ordered(arguments), text);
    if (verdict != RepetitionGuard::Verdict::fine) {
      loop_.repetitions_.add();
      text += "\nYou have made this same call " + std::to_string(guard.times()) +
              " times with this same result. Do something else: other arguments, another tool, or finish the step with "
              "what is known.";
    }
    react_.addResult(call, std::move(text));
    write(std::move(events));
    if (verdict == RepetitionGuard::Verdict::fail)
      throw StepFailure(repeatedCallText(task_.session().language, tool.function, guard.times()));
    return true;
  }

  static std::string ordered(const std::string& arguments) {
    rapidjson::Document read;
    return parseJson(arguments, read) ? toOrderedJsonText(read) : arguments;
  }

  ToolResult called(ToolBox& box, const std::string& function, const std::string& arguments) {
    const auto threw = [&](const std::exception& error) {
      loop_.log_.warning("a tool threw",
                         {{"session", task_.session().id}, {"tool", function}, {"reason", error.what()}});
    };
    return callTool(box, function, arguments, context(),
                    {.most = limits_.maxRetries, .check = [this] { task_.check(); }, .threw = threw});
  }

  // What the agent writes is kept for the user, and what it reads, once.
  void keepFile(const ToolBox& box, const std::string& function, const std::string& arguments) {
    rapidjson::Document document;
    if (box.name() != "file" || !parseJson(arguments, document)) return;
    const auto path = textMember(document, "filepath");
    if (path.empty()) return;
    if (box.mayRepeat(function) && task_.store().file(task_.session().id, path)) return;
    keep({path});
  }

  bool ask(const std::string& arguments) {
    rapidjson::Document document;
    if (!parseJson(arguments, document)) document.SetObject();
    Speaker speaker(task_);
    const auto question = speaker.finish(cleanText(textMember(document, "text")), keep(attachmentsOf(document)));
    progress_.phase = Phase::waiting;
    auto last = happening({question, waitEvent()});
    if (task_.finish(SessionStatus::waiting, last)) {
      over_ = true;
      return false;
    }
    // The user has written meanwhile: that is the answer.
    last.events.pop_back();
    task_.write(last);
    if (const auto input = task_.takeInput()) reply(*input);
    return true;
  }

  // A tool asks in the middle of its call, which goes on with the answer. After a crash the call is not repeated.
  std::optional<std::string> askInCall(std::string_view text) {
    try {
      const auto question = Speaker(task_).finish(cleanText(text));
      progress_.phase = Phase::waiting;
      progress_.approvalAsked.clear();  // who agrees to this does not agree to a call of high risk
      const auto asked = happening({question, waitEvent()});
      progress_.phase = Phase::executing;
      const auto input = task_.ask(asked, loop_.parts_.questionTimeout);
      if (!input) return std::nullopt;
      for (auto& path : bring(input->attachments)) progress_.attachments.push_back(std::move(path));
      return input->text;
    } catch (const TaskStopped&) {
      return std::nullopt;  // the tool ends its call; the loop sees to the rest
    }
  }

  std::vector<FileInfo> keep(const std::vector<std::string>& paths) {
    std::vector<FileInfo> out;
    const auto box = paths.empty() ? nullptr : this->box();
    if (!box) return out;
    for (const auto& path : paths) {
      task_.check();
      if (auto file =
              loop_.parts_.files.keep(task_.session().id, task_.session().owner.value_or(""), path, *box, isStopped()))
        out.push_back(std::move(*file));
    }
    return out;
  }

  TaskLoop& loop_;
  RunningTask& task_;
  ModelSettings model_;
  LoopSettings limits_;
  Progress progress_;
  AgentMemory planner_;
  AgentMemory react_;
  // What a session can't do on this server, a line for each. Names only: models need not know this machine.
  std::string missing_;
  std::unique_ptr<ToolRegistry> registry_;
  SkillBox* skills_ = nullptr;  // in the registry
  bool over_ = false;
};

TaskLoop::TaskLoop(mortise::Host host, Parts parts)
    : host_(host),
      log_(host.log()),
      parts_(std::move(parts)),
      repetitions_(host.metrics().counter("repeated_calls_total",
                                          "Calls of tools that came for the third time or more with the same result")),
      failedSteps_(host.metrics().counter("failed_steps_total", "Steps of plans that failed")) {}

void TaskLoop::countCall(std::string_view box, bool success) {
  const std::lock_guard lock(mutex_);
  const auto key = std::pair(std::string(box), success);
  auto at = calls_.find(key);
  if (at == calls_.end())
    at = calls_
             .emplace(key, host_.metrics().counter("tool_calls_total", "Calls of tools",
                                                   {{"box", key.first}, {"outcome", success ? "done" : "failed"}}))
             .first;
  at->second.add();
}

void TaskLoop::run(RunningTask& task) {
  auto model = parts_.settings.model();
  if (!model) {
    task.end({.events = {errorEvent(std::string(failureText(FailureText::noModel, task.session().language)))}});
    return;
  }
  TaskRun(*this, task, *std::move(model)).go();
}

}  // namespace agent
