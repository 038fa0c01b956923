// call/1 over plugin::Call: input, answers and retaining. Streams and WebSockets: host_streams.cpp.
#include <exception>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/call.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/file_handle.hpp"
#include "core/plugin/header_rules.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_streams.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/call.h"

namespace mortise::plugin {
namespace {

Call& callOf(mortise_call* call) { return *reinterpret_cast<Call*>(call); }

// A module's wrong use of a call is logged, because these functions have no mortise_error.
mortise_status misuse(const Call& call, const char* function, const std::string& reason) {
  log::error("module used a call wrongly", {{"module", call.servedBy == nullptr ? "" : call.servedBy->moduleName()},
                                            {"operation", call.operationId()},
                                            {"request_id", call.logId()},
                                            {"function", function},
                                            {"reason", reason}});
  return MORTISE_INVALID;
}

// Empty when every field may be sent.
std::string badField(const mortise_pair* fields, std::size_t count) {
  if (count > 0 && fields == nullptr) return "fields is null, fields_count is not 0";
  for (std::size_t i = 0; i < count; ++i) {
    if (!isSettableFieldName(view(fields[i].name)))
      return "header field " + copy(fields[i].name) + " can't be set by a module";
    if (!isFieldValue(view(fields[i].value)))
      return "header field " + copy(fields[i].name) + " has a control byte in its value";
  }
  return {};
}

template <typename Work>
mortise_str textOf(mortise_call* call, const char* function, Work work) {
  if (call == nullptr) return {};
  return guardedOr(callOf(call).servedBy, function, mortise_str{}, [&] { return str(work(callOf(call))); });
}

template <typename Work>
mortise_status onCall(mortise_call* call, const char* function, Work work) {
  if (call == nullptr) return MORTISE_INVALID;
  return guarded(callOf(call).servedBy, function, nullptr, [&] { return work(callOf(call)); });
}

extern "C" {

mortise_str callOperationId(mortise_call* call) {
  return textOf(call, "call/1 operation_id", [](Call& c) { return c.operationId(); });
}
mortise_str callRequestId(mortise_call* call) {
  return textOf(call, "call/1 request_id", [](Call& c) { return c.requestId(); });
}
mortise_str callMethod(mortise_call* call) {
  return textOf(call, "call/1 method", [](Call& c) { return c.method(); });
}
mortise_str callPath(mortise_call* call) {
  return textOf(call, "call/1 path", [](Call& c) { return c.path(); });
}
mortise_str callAddress(mortise_call* call) {
  return textOf(call, "call/1 address", [](Call& c) { return c.address(); });
}
mortise_str callNetwork(mortise_call* call) {
  return textOf(call, "call/1 network", [](Call& c) { return c.network(); });
}
mortise_str callLanguage(mortise_call* call) {
  return textOf(call, "call/1 language", [](Call& c) { return c.language(); });
}
mortise_str callAskedLanguage(mortise_call* call) {
  return textOf(call, "call/1 asked_language", [](Call& c) { return c.askedLanguage(); });
}

const mortise_principal* callPrincipal(mortise_call* call) {
  if (call == nullptr) return nullptr;
  return guardedOr<const mortise_principal*>(callOf(call).servedBy, "call/1 principal", nullptr,
                                             [&] { return callOf(call).principal(); });
}

int32_t callPermitted(mortise_call* call, mortise_str permission) {
  if (call == nullptr) return 0;
  return guardedOr(callOf(call).servedBy, "call/1 permitted", 0,
                   [&] { return callOf(call).permitted(view(permission)) ? 1 : 0; });
}

mortise_status callParameter(mortise_call* call, mortise_in in, mortise_str name, size_t index, mortise_value* value) {
  if (value == nullptr) return MORTISE_INVALID;
  return onCall(call, "call/1 parameter", [&](Call& c) {
    const auto* parameter = c.parameter(in, view(name), index);
    if (parameter == nullptr) return MORTISE_NOT_FOUND;
    *value = mortise_value{};
    if (parameter->IsString()) {
      value->type = MORTISE_TEXT;
      value->as.text = str(json::view(*parameter));
    } else if (parameter->IsBool()) {
      value->type = MORTISE_BOOLEAN;
      value->as.boolean = parameter->GetBool() ? 1 : 0;
    } else if (parameter->IsInt64()) {
      value->type = MORTISE_INTEGER;
      value->as.integer = parameter->GetInt64();
    } else if (parameter->IsNumber()) {
      value->type = MORTISE_REAL;
      value->as.real = parameter->GetDouble();
    }
    return MORTISE_OK;
  });
}

mortise_str callHeader(mortise_call* call, mortise_str name) {
  return textOf(call, "call/1 header", [&](Call& c) { return c.header(view(name)); });
}

const mortise_json* callBody(mortise_call* call) {
  if (call == nullptr) return nullptr;
  return guardedOr<const mortise_json*>(callOf(call).servedBy, "call/1 body", nullptr,
                                        [&] { return reinterpret_cast<const mortise_json*>(callOf(call).body()); });
}

mortise_str callRawBody(mortise_call* call) {
  return textOf(call, "call/1 raw_body",
                [](Call& c) { return c.exchange() == nullptr ? std::string_view() : c.exchange()->body(); });
}

size_t callParts(mortise_call* call) {
  if (call == nullptr) return 0;
  return guardedOr<size_t>(callOf(call).servedBy, "call/1 parts", 0, [&] {
    return callOf(call).exchange() == nullptr ? 0 : callOf(call).exchange()->parts().size();
  });
}

mortise_status callPart(mortise_call* call, size_t index, mortise_part* part) {
  if (!MORTISE_COMPLETE(part, mortise_part, file)) return tooShort(nullptr, "mortise_part");
  return onCall(call, "call/1 part", [&](Call& c) {
    if (c.exchange() == nullptr || index >= c.exchange()->parts().size()) return MORTISE_NOT_FOUND;
    const auto& from = c.exchange()->parts()[index];
    part->is_file = from.isFile ? 1 : 0;
    part->name = str(from.name);
    part->filename = str(from.filename);
    part->content_type = str(from.contentType);
    part->value = str(from.value);
    part->size = from.file == nullptr ? from.value.size() : from.file->size();
    part->file = handleOf(from.file);
    return MORTISE_OK;
  });
}

mortise_file* callBodyFile(mortise_call* call) {
  if (call == nullptr) return nullptr;
  return guardedOr<mortise_file*>(callOf(call).servedBy, "call/1 body_file", nullptr, [&]() -> mortise_file* {
    return callOf(call).exchange() == nullptr ? nullptr : handleOf(callOf(call).exchange()->spooled());
  });
}

int64_t callFileRead(mortise_file* file, uint64_t offset, char* buffer, size_t size) {
  if (file == nullptr || (buffer == nullptr && size > 0) || !mayBlock(nullptr, "call/1 file_read", nullptr)) return -1;
  try {
    return static_cast<int64_t>(fileOf(file)->read(offset, {buffer, size}));
  } catch (const std::exception& failure) {
    log::error("a file can't be read", {{"reason", failure.what()}});
    return -1;
  }
}

uint64_t callFileSize(mortise_file* file) { return file == nullptr ? 0 : fileOf(file)->size(); }

mortise_status callReply(mortise_call* call, const mortise_reply* reply) {
  if (!MORTISE_COMPLETE(reply, mortise_reply, content_type)) return tooShort(nullptr, "mortise_reply");
  return onCall(call, "call/1 reply", [&](Call& c) {
    // The dialect writes error bodies; a module may write its own, such as a page, only where the contract has no
    // envelope.
    const int highest = c.enveloped() ? 399 : 599;
    if (reply->status < 200 || reply->status > highest) {
      return misuse(c, "reply",
                    "status " + std::to_string(reply->status) + ", expected 200 to " + std::to_string(highest) +
                        "; use fail for errors");
    }
    if (auto reason = badField(reply->fields, reply->fields_count); !reason.empty()) return misuse(c, "reply", reason);
    if (MORTISE_HAS(reply, mortise_reply, message_params_count) && reply->message_params_count > 0 &&
        reply->message_params == nullptr)
      return misuse(c, "reply", "message_params is null, its count is not 0");
    if (!isFieldValue(view(reply->content_type))) return misuse(c, "reply", "content_type has a control byte");
    CallReply answer;
    answer.status = reply->status;
    answer.json = copy(reply->json);
    answer.message = copy(reply->message);
    if (MORTISE_HAS(reply, mortise_reply, message_params_count)) {
      for (size_t i = 0; i < reply->message_params_count; ++i)
        answer.messageParams.emplace_back(copy(reply->message_params[i].name), copy(reply->message_params[i].value));
    }
    answer.fields.reserve(reply->fields_count);
    for (size_t i = 0; i < reply->fields_count; ++i)
      answer.fields.emplace_back(copy(reply->fields[i].name), copy(reply->fields[i].value));
    answer.isRaw = reply->raw.size > 0 || reply->content_type.size > 0;
    answer.raw = copy(reply->raw);
    answer.contentType = copy(reply->content_type);
    return c.reply(std::move(answer)) ? MORTISE_OK : MORTISE_CLOSED;
  });
}

mortise_status callFail(mortise_call* call, const mortise_problem* problem) {
  if (!MORTISE_COMPLETE(problem, mortise_problem, retry_after)) return tooShort(nullptr, "mortise_problem");
  return onCall(call, "call/1 fail", [&](Call& c) {
    if (auto reason = badField(problem->fields, problem->fields_count); !reason.empty())
      return misuse(c, "fail", reason);
    if ((problem->params_count > 0 && problem->params == nullptr) ||
        (problem->errors_count > 0 && problem->errors == nullptr)) {
      return misuse(c, "fail", "params or errors is null, its count is not 0");
    }
    return c.fail(problemFrom(*problem)) ? MORTISE_OK : MORTISE_CLOSED;
  });
}

mortise_status callReplyFile(mortise_call* call, mortise_file* file, mortise_str contentType, mortise_str downloadName,
                             mortise_str etag) {
  return onCall(call, "call/1 reply_file", [&](Call& c) {
    if (file == nullptr) return misuse(c, "reply_file", "file is null");
    if (!isFieldValue(view(contentType)) || !isFieldValue(view(downloadName)) || !isFieldValue(view(etag))) {
      return misuse(c, "reply_file", "content_type, download_name or etag has a control byte");
    }
    return c.replyFile(fileOf(file), {copy(contentType), copy(downloadName), copy(etag), 0, {}}) ? MORTISE_OK
                                                                                                 : MORTISE_CLOSED;
  });
}

mortise_status callSendFile(mortise_call* call, mortise_file* file, const mortise_file_reply* reply) {
  if (!MORTISE_COMPLETE(reply, mortise_file_reply, fields_count)) return tooShort(nullptr, "mortise_file_reply");
  return onCall(call, "call/1 send_file", [&](Call& c) {
    if (file == nullptr) return misuse(c, "send_file", "file is null");
    if (reply->status != 200) {
      return misuse(c, "send_file", "status " + std::to_string(reply->status) + ", expected 200");
    }
    if (!isFieldValue(view(reply->content_type)) || !isFieldValue(view(reply->download_name)) ||
        !isFieldValue(view(reply->etag))) {
      return misuse(c, "send_file", "content_type, download_name or etag has a control byte");
    }
    if (auto reason = badField(reply->fields, reply->fields_count); !reason.empty())
      return misuse(c, "send_file", reason);
    FileReply answer{
        copy(reply->content_type), copy(reply->download_name), copy(reply->etag), reply->last_modified, {}};
    for (size_t i = 0; i < reply->fields_count; ++i) {
      const auto name = view(reply->fields[i].name);
      if (!answer.downloadName.empty() && text::equalsIgnoreCase(name, "Content-Disposition"))
        return misuse(c, "send_file", "both download_name and a Content-Disposition field");
      answer.fields.emplace_back(name, view(reply->fields[i].value));
    }
    return c.replyFile(fileOf(file), std::move(answer)) ? MORTISE_OK : MORTISE_CLOSED;
  });
}

void callRetain(mortise_call* call) {
  if (call != nullptr) callOf(call).retain();
}

void callRelease(mortise_call* call) {
  if (call == nullptr) return;
  const auto* host = callOf(call).servedBy;
  guardedOr(host, "call/1 release", 0, [&] {
    callOf(call).release();
    return 0;
  });
}

int32_t callClientGone(mortise_call* call) {
  if (call == nullptr) return 1;
  return guardedOr(callOf(call).servedBy, "call/1 client_gone", 0,
                   [&] { return callOf(call).exchange() != nullptr && callOf(call).exchange()->clientGone() ? 1 : 0; });
}

void callbackFailed(mortise_host* raw, mortise_str callback, mortise_str reason) {
  if (auto* host = hostOf(raw); host != nullptr) host->gate()->failed(view(callback), view(reason));
}

int32_t callExpired(mortise_call* call) {
  if (call == nullptr) return 1;
  return guardedOr(callOf(call).servedBy, "call/1 expired", 0, [&] { return callOf(call).expired() ? 1 : 0; });
}

}  // extern "C"

const mortise_call_v1 kTable = {sizeof(mortise_call_v1),
                                &callOperationId,
                                &callRequestId,
                                &callMethod,
                                &callPath,
                                &callAddress,
                                &callLanguage,
                                &callPrincipal,
                                &callPermitted,
                                &callParameter,
                                &callHeader,
                                &callBody,
                                &callRawBody,
                                &callParts,
                                &callPart,
                                &callBodyFile,
                                &callFileRead,
                                &callFileSize,
                                &callReply,
                                &callFail,
                                &callReplyFile,
                                &callRetain,
                                &callRelease,
                                &callClientGone,
                                &streamOpen,
                                &streamEvent,
                                &streamWrite,
                                &streamQueued,
                                &streamClose,
                                &streamRelease,
                                &offeredSubprotocols,
                                &webSocketUpgrade,
                                &webSocketSend,
                                &webSocketClose,
                                &webSocketPause,
                                &webSocketQueued,
                                &webSocketRelease,
                                &callSendFile,
                                &callExpired,
                                &streamAbort,
                                &callbackFailed,
                                &callAskedLanguage,
                                &callNetwork};

}  // namespace

template <>
ServedInterface serve<mortise_call_v1>(std::string_view name) {
  return {name, &kTable, &always};
}

}  // namespace mortise::plugin
