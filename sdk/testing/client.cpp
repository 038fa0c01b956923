// The HTTP side of the harness: one libcurl transfer per request.
#include <curl/curl.h>

#include <mutex>
#include <stdexcept>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "mortise/testing/module_harness.hpp"

namespace mortise::testing {
namespace {

std::size_t takeBody(char* bytes, std::size_t size, std::size_t count, void* answer) {
  static_cast<Answer*>(answer)->body.append(bytes, size * count);
  return size * count;
}

std::size_t takeHeader(char* bytes, std::size_t size, std::size_t count, void* answer) {
  const std::string_view line(bytes, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    static_cast<Answer*>(answer)->headers.emplace(text::lower(line.substr(0, colon)),
                                                  text::trim(line.substr(colon + 1)));
  }
  return size * count;
}

// The code of a refusal, wherever the family puts it.
std::string codeIn(const json::Value& body) {
  if (const auto* inner = json::member(body, "error"); inner != nullptr && inner->IsObject())
    return std::string(json::textMember(*inner, "code"));
  if (const auto* code = json::member(body, "code"); code != nullptr)
    return code->IsString() ? std::string(json::view(*code)) : json::toText(*code);
  return std::string(json::textMember(body, "message_code"));
}

// The first "loc" anywhere, as a path.
std::string fieldIn(const json::Value& value) {
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) {
      if (auto found = fieldIn(item); !found.empty()) return found;
    }
  }
  if (!value.IsObject()) return {};
  if (const auto* location = json::member(value, "loc"); location != nullptr && location->IsArray()) {
    std::string path;
    for (const auto& step : location->GetArray()) {
      path += (path.empty() ? "" : "/") + (step.IsString() ? std::string(json::view(step)) : json::toText(step));
    }
    return path;
  }
  for (const auto& entry : value.GetObject()) {
    if (auto found = fieldIn(entry.value); !found.empty()) return found;
  }
  return {};
}

struct Handle {
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

}  // namespace

Answer Client::request(const std::string& method, const std::string& path, const std::string& body,
                       const std::vector<std::string>& headers) const {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Handle handle;
  Answer answer;
  const std::string url = "http://" + address_ + path;
  const auto add = [&](const std::string& line) { handle.headers = curl_slist_append(handle.headers, line.c_str()); };
  bool typed = false;
  for (const auto& line : headers) {
    typed = typed || text::equalsIgnoreCase(std::string_view(line).substr(0, 13), "content-type:");
    add(line);
  }
  if (!token_.empty()) add("Authorization: Bearer " + token_);
  if (!body.empty() && !typed) add("Content-Type: application/json");
  add("Expect:");
  curl_easy_setopt(handle.curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.curl, CURLOPT_PROXY, "");
  curl_easy_setopt(handle.curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(handle.curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method == "HEAD") curl_easy_setopt(handle.curl, CURLOPT_NOBODY, 1L);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    curl_easy_setopt(handle.curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle.curl, CURLOPT_POSTFIELDS, body.c_str());
    if (body.empty()) add("Content-Type:");
  }
  curl_easy_setopt(handle.curl, CURLOPT_HTTPHEADER, handle.headers);
  curl_easy_setopt(handle.curl, CURLOPT_WRITEFUNCTION, takeBody);
  curl_easy_setopt(handle.curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(handle.curl, CURLOPT_HEADERFUNCTION, takeHeader);
  curl_easy_setopt(handle.curl, CURLOPT_HEADERDATA, &answer);
  const auto result = curl_easy_perform(handle.curl);
  if (result != CURLE_OK) throw std::runtime_error(method + " " + url + ": " + curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(handle.curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);

  json::Document document;
  json::ParseError error;
  if (json::parse(answer.body, document, error) && document.IsObject()) {
    const auto* ok = json::member(document, "success");
    const auto* code = json::member(document, "code");
    const bool refused = answer.status >= 400 || (ok != nullptr && ok->IsBool() && !ok->GetBool()) ||
                         (code != nullptr && code->IsInt() && code->GetInt() >= 400);  // soft errors go out with 200
    if (refused) {
      answer.code = codeIn(document);
      answer.field = fieldIn(document);
    }
  }
  return answer;
}

}  // namespace mortise::testing
