#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "event_lines.hpp"
#include "json_reading.hpp"
#include "mortise/ascii.hpp"
#include "mortise/models.hpp"
#include "wire_form.hpp"

namespace mortise::inline sdk1::models {
namespace {

using Cause = Error::Cause;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kBusyAnthropic = 529;  // "overloaded"
constexpr milliseconds kSlice{100};  // of a pause: how late a stop is noticed
constexpr milliseconds kFirstPause{1000};
constexpr std::size_t kMaxOffers = 1000;
constexpr std::uint64_t kMaxOfferBytes = 4U << 20;

int statusOf(Cause cause) {
  if (cause == Cause::timedOut) return 504;
  return cause == Cause::busy ? 503 : 502;
}
const char* codeOf(Cause cause) {
  if (cause == Cause::timedOut) return "model_timed_out";
  return cause == Cause::busy ? "model_busy" : "model_failed";
}

bool isBusy(int status) { return status == 429 || status == 503 || status == kBusyAnthropic; }

// Of Retry-After in its form of seconds; empty for another form, or none.
std::optional<std::chrono::seconds> retryAfter(const HttpResponse& response) {
  const auto text = response.header("retry-after");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min<std::int64_t>(seconds, 86400));
}

// Whether a refusal means that the question is too long: servers say it in words of their own.
bool saysTooLong(std::string_view text) {
  const auto lower = asciiLowerCase(text.substr(0, 4096));
  constexpr std::string_view kWords[] = {
      "context_length_exceeded", "context length",    "context window",
      "prompt is too long",      "input is too long", "too many tokens",
      "reduce the length",       "input token count", "exceeds the maximum number of tokens"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view words) { return lower.find(words) != std::string::npos; });
}

// What a response that is no answer means; `body` is its text.
Error errorOf(const HttpResponse& response, std::string_view body = {}) {
  const int status = response.status;
  const auto note = "the model's server answered " + std::to_string(status);
  if (status == 401 || status == 403) return {Cause::denied, note, status};
  if (isBusy(status)) {
    const auto after = retryAfter(response);
    return {Cause::busy, note, status, after ? std::max<int>(1, static_cast<int>(after->count())) : 0};
  }
  if (status >= 500) return {Cause::unavailable, note, status};
  if ((status == 400 || status == 413 || status == 422) && saysTooLong(body))
    return {Cause::contextTooLong, note + ": the question is too long", status};
  return {Cause::rejected, note, status};  // a redirect, too: none is followed
}

Error errorOf(const HttpClient::Error& error) {
  switch (error.cause()) {
    case MORTISE_INVALID:
      return {Cause::rejected, "the model's address or key can't be sent"};
    case MORTISE_DENIED:
      return {Cause::addressRefused, "the model's address may not be reached from here"};
    case MORTISE_TIMEOUT:
      return {Cause::timedOut, "the model did not answer in time"};
    case MORTISE_FULL:
      return {Cause::tooLarge, "the model's answer is too large"};
    case MORTISE_CLOSED:
      return {Cause::stopped, "the call was stopped"};
    default:
      return {Cause::unavailable, "no connection to the model's server"};
  }
}

// Reads a stream's pieces as they come, whatever the status will turn out to be: it is known at the end only.
class Listening {
 public:
  Listening(const WireForm& form, const std::function<bool(std::string_view)>& onText)
      : form_(form),
        onText_(onText),
        reader_(form.reader()),
        lines_([this](const ServerEvent& event) { take(event.data); }) {}

  bool piece(std::string_view bytes) {
    lines_.take(bytes);
    // A server that does not stream answers as a whole.
    if (!lines_.sawData()) whole_.append(bytes);
    return !stopped_;
  }
  bool delivered() const noexcept { return delivered_; }
  bool stopped() const noexcept { return stopped_; }
  // What came when it was no stream.
  std::string_view whole() const noexcept { return whole_; }

  Answer finish() {
    if (!lines_.sawData()) {
      rapidjson::Document body;
      if (!parseJson(whole_, body)) unreadable("the model's server sent neither events nor JSON");
      auto answer = form_.read(body);
      deliver(answer.text);
      return answer;
    }
    lines_.finish();
    return reader_->finish();
  }

 private:
  void take(std::string_view data) {
    if (stopped_) return;
    std::string text;
    reader_->take(data, text);
    deliver(text);
  }
  void deliver(std::string_view text) {
    if (text.empty() || stopped_) return;
    delivered_ = true;
    stopped_ = !onText_(text);
  }

  const WireForm& form_;
  const std::function<bool(std::string_view)>& onText_;
  std::unique_ptr<StreamReader> reader_;
  EventLines lines_;
  std::string whole_;
  bool delivered_ = false;
  bool stopped_ = false;
};

// One question with its tries.
class Asking {
 public:
  Asking(const HttpClient& http, const Endpoint& endpoint, const Question& question)
      : http_(http),
        form_(formOf(endpoint.wire)),
        endpoint_(endpoint),
        question_(question),
        end_(Clock::now() + question.timeout) {}

  Answer whole() {
    request_ = requestFor(question_, false);
    const auto response = answered(
        false, [] { return true; }, [](const HttpResponse& r) { return std::string_view(r.body); });
    rapidjson::Document body;
    if (!parseJson(response.body, body)) unreadable("the model's answer is no JSON");
    return form_.read(body);
  }

  Answer streamed(const std::function<bool(std::string_view)>& onText) {
    request_ = requestFor(question_, true);
    std::optional<Listening> listening;
    request_.onPiece = [&](std::string_view piece) { return listening->piece(piece); };
    answered(
        true,
        [&] {
          const bool mayTry = !listening || !listening->delivered();
          if (mayTry) listening.emplace(form_, onText);
          return mayTry;
        },
        [&](const HttpResponse&) { return listening->whole(); });
    auto answer = listening->finish();
    if (listening->stopped()) throw Error(Cause::stopped, "the receiver stopped the stream");
    return answer;
  }

 private:
  HttpRequest requestFor(const Question& question, bool streamed) const {
    HttpRequest request;
    request.url = form_.url(endpoint_, question, streamed);
    request.method = "POST";
    request.headers = form_.headers(endpoint_);
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", streamed ? "text/event-stream, application/json" : "application/json");
    request.body = form_.body(question, streamed);
    request.idleTimeout = question_.idleTimeout;
    request.maxResponse = question_.maxAnswer;
    request.stopped = question_.stopped;
    request.publicOnly = endpoint_.publicOnly;
    return request;
  }

  // The question without what some servers refuse; empty when there was nothing of it.
  std::optional<std::string> plainerBody(bool streamed) const {
    const bool chooses = !question_.tools.empty() && question_.toolChoice != ToolChoice::automatic;
    if (!question_.jsonAnswer && !chooses) return std::nullopt;
    auto plainer = question_;
    plainer.jsonAnswer = false;
    // A model that may not call functions is not shown any.
    if (plainer.toolChoice == ToolChoice::none) plainer.tools.clear();
    plainer.toolChoice = ToolChoice::automatic;
    return form_.body(plainer, streamed);
  }

  // The first response of status 200. `mayTry` is asked before each try, `textOf` for the body of a refusal.
  template <class MayTry, class TextOf>
  HttpResponse answered(bool streamed, MayTry&& mayTry, TextOf&& textOf) {
    bool isPlain = false;
    for (int number = 1;; ++number) {
      mayTry();
      auto response = sent();
      if (response.status == 200) return response;
      auto error = errorOf(response, textOf(response));
      if (response.status == 400 && error.cause() == Cause::rejected && !std::exchange(isPlain, true)) {
        if (auto plainer = plainerBody(streamed); plainer && mayTry()) {
          request_.body = *std::move(plainer);
          --number;
          continue;
        }
      }
      if (error.cause() != Cause::busy || number >= question_.tries) throw error;
      const auto asked = retryAfter(response);
      const milliseconds pause = asked ? milliseconds(*asked) : kFirstPause * (1 << (number - 1));
      if (pause > question_.maxPause || pause > left() || !mayTry()) throw error;
      sleep(pause);
    }
  }

  HttpResponse sent() {
    request_.timeout = left();
    if (request_.timeout <= milliseconds(0)) throw Error(Cause::timedOut, "the model did not answer in time");
    try {
      return http_.perform(request_);
    } catch (const HttpClient::Error& error) {
      throw errorOf(error);
    }
  }

  milliseconds left() const { return std::chrono::duration_cast<milliseconds>(end_ - Clock::now()); }

  void sleep(milliseconds pause) const {
    for (const auto until = Clock::now() + pause; Clock::now() < until;) {
      if (question_.stopped && question_.stopped()) throw Error(Cause::stopped, "the call was stopped");
      std::this_thread::sleep_for(std::min<Clock::duration>(kSlice, until - Clock::now()));
    }
  }

  const HttpClient& http_;
  const WireForm& form_;
  const Endpoint& endpoint_;
  const Question& question_;
  const Clock::time_point end_;
  HttpRequest request_;
};

std::vector<Offer> offersIn(std::string_view text) {
  rapidjson::Document body;
  if (!parseJson(text, body)) unreadable("the list of models is no JSON");
  const rapidjson::Value* list = body.IsArray() ? &body : listMember(body, "data");
  if (list == nullptr) list = listMember(body, "models");
  if (list == nullptr) unreadable("the answer has no list of models");
  std::vector<Offer> out;
  for (const auto& entry : list->GetArray()) {
    if (out.size() >= kMaxOffers) break;
    if (entry.IsString()) {
      out.push_back({entry.GetString(), {}});
      continue;
    }
    auto id = textMember(entry, "id");
    if (id.empty()) id = textMember(entry, "name");
    if (!id.empty()) out.push_back({std::string(id), std::string(textMember(entry, "owned_by"))});
  }
  return out;
}

}  // namespace

Error::Error(Cause cause, std::string noted, int httpStatus, int retryAfterSeconds)
    : Problem(statusOf(cause), codeOf(cause)), cause_(cause), httpStatus_(httpStatus) {
  note(std::move(noted));
  if (retryAfterSeconds > 0) retryAfter(retryAfterSeconds);
}

const WireForm& formOf(Wire wire) {
  switch (wire) {
    case Wire::messages:
      return messagesForm();
    case Wire::generateContent:
      return generateContentForm();
    case Wire::chatCompletions:
      break;
  }
  return chatCompletionsForm();
}

Answer Client::ask(const Endpoint& endpoint, const Question& question) const {
  return Asking(http_, endpoint, question).whole();
}

Answer Client::stream(const Endpoint& endpoint, const Question& question,
                      const std::function<bool(std::string_view piece)>& onText) const {
  return Asking(http_, endpoint, question).streamed(onText);
}

std::vector<Offer> Client::offers(const Endpoint& endpoint, milliseconds timeout,
                                  const std::function<bool()>& stopped) const {
  const auto end = Clock::now() + timeout;
  constexpr std::string_view kVersioned = "/v1";
  const std::string_view base = endpoint.url;
  const std::string other = base.ends_with(kVersioned) ? std::string(base.substr(0, base.size() - kVersioned.size()))
                                                       : std::string(base) + std::string(kVersioned);
  HttpRequest request;
  request.headers = formOf(endpoint.wire).headers(endpoint);
  request.headers.emplace_back("Accept", "application/json");
  request.maxResponse = kMaxOfferBytes;
  request.stopped = stopped;
  request.publicOnly = endpoint.publicOnly;
  HttpResponse response;
  for (const auto& at : {std::string(base), other}) {
    request.url = at + "/models";
    request.timeout = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (request.timeout <= milliseconds(0)) throw Error(Cause::timedOut, "the model's server did not answer in time");
    try {
      response = http_.perform(request);
    } catch (const HttpClient::Error& error) {
      throw errorOf(error);
    }
    if (response.status != 404) break;
  }
  if (response.status != 200) throw errorOf(response);
  return offersIn(response.body);
}

}  // namespace mortise::inline sdk1::models
