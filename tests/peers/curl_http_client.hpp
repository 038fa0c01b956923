// http_client/1 over libcurl, so that what calls other servers can be tested over real HTTP without a kernel around it.
// Redirects are never followed here.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <mortise/http_client.hpp>

namespace mortise::peers {

class CurlExchange {
 public:
  static mortise_status perform(mortise_host*, const mortise_http_request* request, mortise_http_response_sink sink,
                                void* context, mortise_error* error) {
    return CurlExchange(*request).run(sink, context, *error);
  }
  static mortise::HttpClient client() {
    static const mortise_http_client_v1 kTable{sizeof(mortise_http_client_v1), perform};
    return {nullptr, &kTable};
  }

 private:
  explicit CurlExchange(const mortise_http_request& request) : request_(request) {}

  static std::string copied(mortise_str text) { return mortise::Text(text).string(); }

  mortise_status run(mortise_http_response_sink sink, void* context, mortise_error& error) {
    if (request_.max_redirects != 0) return failed(error, MORTISE_INVALID, "bad_request");
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), curl_easy_cleanup);
    const auto url = copied(request_.url);
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
    for (std::size_t i = 0; i < request_.fields_count; ++i) {
      const auto line = copied(request_.fields[i].name) + ": " + copied(request_.fields[i].value);
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    }
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout_ms));
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, this);
    const auto method = copied(request_.method);
    if (!method.empty()) curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    if (request_.body.size > 0) {
      curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size));
      curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, request_.body.data);
    }
    const auto result = curl_easy_perform(easy.get());
    if (tooLarge_) return failed(error, MORTISE_FULL, "response_too_large");
    if (stopped_) return failed(error, MORTISE_CLOSED, "stopped");
    if (result == CURLE_OPERATION_TIMEDOUT) return failed(error, MORTISE_TIMEOUT, "timeout");
    if (result != CURLE_OK) return failed(error, MORTISE_UNAVAILABLE, "connection_failed");
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    std::vector<mortise_pair> fields;
    for (const auto& [name, value] : fields_)
      fields.push_back({mortise::detail::str(name), mortise::detail::str(value)});
    mortise_http_response response{};
    response.struct_size = sizeof response;
    response.status = static_cast<std::int32_t>(status);
    response.fields = fields.data();
    response.fields_count = fields.size();
    response.body = mortise::detail::str(body_);
    response.url = request_.url;
    sink(context, &response);
    return MORTISE_OK;
  }

  static mortise_status failed(mortise_error& error, mortise_status status, std::string_view code) {
    code.copy(error.code, code.size());
    error.code[code.size()] = '\0';
    return status;
  }

  static std::size_t body(char* data, std::size_t, std::size_t size, void* context) {
    auto& self = *static_cast<CurlExchange*>(context);
    self.received_ += size;
    self.tooLarge_ = self.request_.max_response != 0 && self.received_ > self.request_.max_response;
    if (self.tooLarge_) return 0;
    if (self.request_.piece == nullptr) {
      self.body_.append(data, size);
      return size;
    }
    self.stopped_ = self.request_.piece(self.request_.context, {data, size}) == 0;
    return self.stopped_ ? 0 : size;
  }

  static int progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& self = *static_cast<CurlExchange*>(context);
    self.stopped_ =
        self.stopped_ || (self.request_.stopped != nullptr && self.request_.stopped(self.request_.context) != 0);
    return self.stopped_ ? 1 : 0;
  }

  static std::size_t header(char* data, std::size_t, std::size_t size, void* context) {
    auto& self = *static_cast<CurlExchange*>(context);
    std::string line(data, size);
    const auto colon = line.find(": ");
    if (colon == std::string::npos) return size;
    std::string name = line.substr(0, colon);
    for (auto& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    self.fields_.emplace_back(std::move(name), line.substr(colon + 2, line.find_last_not_of("\r\n") - colon - 1));
    return size;
  }

  const mortise_http_request& request_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string body_;
  std::uint64_t received_ = 0;
  bool tooLarge_ = false;
  bool stopped_ = false;
};

}  // namespace mortise::peers
