// What a handler answers. The kernel wraps it in the envelope of the operation's API family.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/call.h"
#include "mortise/file.hpp"
#include "mortise/json.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// return Reply::created(toJson(job)).message("job_created").header("Location", url);
class Reply {
 public:
  static Reply ok(json::Value value) { return Reply(200, std::move(value).text()); }
  static Reply created(json::Value value) { return Reply(201, std::move(value).text()); }
  static Reply accepted(json::Value value) { return Reply(202, std::move(value).text()); }
  static Reply noContent() { return Reply(204, {}); }
  // Any other status 200..399. Without a value the reply has no data.
  static Reply status(int status, json::Value value) { return Reply(status, std::move(value).text()); }
  static Reply status(int status) { return Reply(status, {}); }

  // Any bytes, for operations with `x-mortise-envelope: false`, and there any status 200..599: a page that says what is
  // wrong. Where the family has an error body, throw a Problem instead.
  static Reply raw(std::string bytes, std::string content_type, int status = 200) {
    Reply reply(status, {});
    reply.raw_ = std::move(bytes);
    reply.content_type_ = std::move(content_type);
    return reply;
  }
  // Sends a file; Range, ETag, If-None-Match and HEAD are the kernel's work. A `download_name` makes the client save it
  // under that name (Content-Disposition per RFC 6266; give that field yourself instead where a family wants another
  // form). `etag`: as it is sent, quotes included; empty: none. `last_modified`: microseconds since the epoch; 0: none.
  static Reply file(File file, std::string content_type, std::string download_name = {}, std::string etag = {},
                    std::int64_t last_modified = 0) {
    Reply reply(200, {});
    reply.file_.emplace(std::move(file));
    reply.content_type_ = std::move(content_type);
    reply.download_name_ = std::move(download_name);
    reply.etag_ = std::move(etag);
    reply.last_modified_ = last_modified;
    return reply;
  }
  // 302 by default; 303, 307, 308 as you say.
  static Reply redirect(std::string url, int status = 302) {
    return Reply(status, {}).header("Location", std::move(url));
  }

  // Catalogue key of the success text, for families that send one, and the values that fill it.
  Reply& message(std::string key, Params values = {}) & {
    message_ = std::move(key);
    message_params_ = std::move(values);
    return *this;
  }
  // A further header field. CR, LF and NUL are refused by the kernel.
  Reply& header(std::string name, std::string value) & {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Reply&& message(std::string key, Params values = {}) && {
    return std::move(this->message(std::move(key), std::move(values)));
  }
  Reply&& header(std::string name, std::string value) && {
    return std::move(this->header(std::move(name), std::move(value)));
  }

  int status() const noexcept { return status_; }
  const std::string& body() const noexcept { return content_type_.empty() ? json_ : raw_; }

  // Gives the answer to the kernel. MORTISE_CLOSED: the call was answered before. (The face calls this.)
  mortise_status send(const mortise_call_v1& table, mortise_call* call) const {
    const auto fields = detail::pairs(headers_);
    if (file_) {
      mortise_file_reply whole{};
      whole.struct_size = sizeof whole;
      whole.status = status_;
      whole.content_type = detail::str(content_type_);
      whole.download_name = detail::str(download_name_);
      whole.etag = detail::str(etag_);
      whole.last_modified = last_modified_;
      whole.fields = fields.data();
      whole.fields_count = fields.size();
      return table.send_file(call, file_->get(), &whole);
    }
    mortise_reply c{};
    c.struct_size = sizeof c;
    c.status = status_;
    c.json = detail::str(json_);
    c.message = detail::str(message_);
    const auto params = detail::pairs(message_params_);
    c.message_params = params.data();
    c.message_params_count = params.size();
    c.raw = detail::str(raw_);
    c.content_type = detail::str(content_type_);
    c.fields = fields.data();
    c.fields_count = fields.size();
    return table.reply(call, &c);
  }

 private:
  Reply(int status, std::string json) : status_(status), json_(std::move(json)) {}

  int status_;
  std::string json_;
  std::string message_;
  Params message_params_;
  std::string raw_;
  std::string content_type_;
  std::string download_name_;
  std::string etag_;
  std::int64_t last_modified_ = 0;
  Params headers_;
  std::optional<File> file_;
};

}  // namespace mortise::inline sdk1
