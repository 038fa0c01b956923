#include "core/testing/http_client.hpp"

#include <curl/curl.h>

#include <mutex>
#include <stdexcept>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace mortise::testing {
namespace {

constexpr long kMaxSeconds = 60;

std::size_t takeBody(char* bytes, std::size_t size, std::size_t count, void* answer) {
  static_cast<HttpAnswer*>(answer)->body.append(bytes, size * count);
  return size * count;
}

std::size_t takeHeader(char* bytes, std::size_t size, std::size_t count, void* answer) {
  const std::string_view line(bytes, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    static_cast<HttpAnswer*>(answer)->headers.emplace_back(text::lower(line.substr(0, colon)),
                                                           text::trim(line.substr(colon + 1)));
  }
  return size * count;
}

// Ends the transfer at the end of the head of a stream or of a WebSocket, or after the first piece of a body.
struct HeadOnly {
  CURL* curl;
  HttpAnswer* answer;
  bool isOver = false;

  static std::size_t header(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& one = *static_cast<HeadOnly*>(self);
    takeHeader(bytes, size, count, one.answer);
    if (!text::trim(std::string_view(bytes, size * count)).empty()) return size * count;
    long status = 0;
    curl_easy_getinfo(one.curl, CURLINFO_RESPONSE_CODE, &status);
    one.isOver = status == 101;
    for (const auto& [name, value] : one.answer->headers)
      one.isOver = one.isOver || (name == "content-type" && value.starts_with("text/event-stream"));
    return one.isOver ? 0 : size * count;
  }
  static std::size_t body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& one = *static_cast<HeadOnly*>(self);
    takeBody(bytes, size, count, one.answer);
    one.isOver = true;
    return 0;
  }
};

// Every "loc" in the value, as a path, in document order and without repetitions.
void collectFields(const json::Value& value, std::vector<std::string>& fields) {
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) collectFields(item, fields);
  }
  if (!value.IsObject()) return;
  if (const auto* location = json::member(value, "loc"); location != nullptr && location->IsArray()) {
    std::string path;
    for (const auto& step : location->GetArray())
      path += (path.empty() ? "" : "/") + (step.IsString() ? std::string(json::view(step)) : json::toText(step));
    for (const auto& known : fields) {
      if (known == path) return;
    }
    fields.push_back(std::move(path));
    return;
  }
  for (const auto& entry : value.GetObject()) collectFields(entry.value, fields);
}

// The body as an object, if the answer is a refusal: by its status, or by its content (soft errors have 200).
bool readRefusal(const HttpAnswer& answer, json::Document& document) {
  json::ParseError error;
  if (!json::parse(answer.body, document, error) || !document.IsObject()) return false;
  const auto* ok = json::member(document, "success");
  const auto* code = json::member(document, "code");
  return answer.status >= 400 || (ok != nullptr && ok->IsBool() && !ok->GetBool()) ||
         (code != nullptr && code->IsInt() && code->GetInt() >= 400);
}

struct Transfer {
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

}  // namespace

std::string HttpAnswer::code() const {
  json::Document document;
  if (!readRefusal(*this, document)) return {};
  if (const auto* inner = json::member(document, "error"); inner != nullptr && inner->IsObject())
    return std::string(json::textMember(*inner, "code"));
  if (const auto* code = json::member(document, "code"); code != nullptr)
    return code->IsString() ? std::string(json::view(*code)) : json::toText(*code);
  return std::string(json::textMember(document, "message_code"));
}

std::vector<std::string> HttpAnswer::fields() const {
  std::vector<std::string> fields;
  json::Document document;
  if (readRefusal(*this, document)) collectFields(document, fields);
  return fields;
}

HttpAnswer send(const std::string& address, const Credentials& credentials, const HttpRequest& request, Until until) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Transfer transfer;
  HttpAnswer answer;
  const auto& [method, path, body, headers] = request;
  const std::string url = "http://" + address + path;
  const auto add = [&](const std::string& line) {
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  };
  bool typed = false;
  for (const auto& line : headers) {
    typed = typed || text::equalsIgnoreCase(std::string_view(line).substr(0, 13), "content-type:");
    add(line);
  }
  if (!credentials.token.empty()) add("Authorization: Bearer " + credentials.token);
  if (!credentials.cookie.empty()) add("Cookie: " + credentials.cookie);
  if (!credentials.csrf.empty()) add("X-CSRFToken: " + credentials.csrf);
  if (!body.empty() && !typed) add("Content-Type: application/json");
  add("Expect:");
  curl_easy_setopt(transfer.curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(transfer.curl, CURLOPT_PROXY, "");
  curl_easy_setopt(transfer.curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(transfer.curl, CURLOPT_TIMEOUT, kMaxSeconds);
  curl_easy_setopt(transfer.curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(transfer.curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method == "HEAD") curl_easy_setopt(transfer.curl, CURLOPT_NOBODY, 1L);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    curl_easy_setopt(transfer.curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(transfer.curl, CURLOPT_POSTFIELDS, body.c_str());
    if (body.empty()) add("Content-Type:");
  }
  curl_easy_setopt(transfer.curl, CURLOPT_HTTPHEADER, transfer.headers);
  curl_easy_setopt(transfer.curl, CURLOPT_WRITEFUNCTION, takeBody);
  curl_easy_setopt(transfer.curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(transfer.curl, CURLOPT_HEADERFUNCTION, takeHeader);
  curl_easy_setopt(transfer.curl, CURLOPT_HEADERDATA, &answer);
  HeadOnly headOnly{transfer.curl, &answer};
  if (until == Until::head) {
    curl_easy_setopt(transfer.curl, CURLOPT_WRITEFUNCTION, HeadOnly::body);
    curl_easy_setopt(transfer.curl, CURLOPT_WRITEDATA, &headOnly);
    curl_easy_setopt(transfer.curl, CURLOPT_HEADERFUNCTION, HeadOnly::header);
    curl_easy_setopt(transfer.curl, CURLOPT_HEADERDATA, &headOnly);
  }
  const auto result = curl_easy_perform(transfer.curl);
  if (result != CURLE_OK && !headOnly.isOver)
    throw std::runtime_error(method + " " + url + ": " + curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace mortise::testing
