#include "mcp/connection.hpp"

#include <utility>

#include "mcp/http_transport.hpp"
#include "mcp/sse_transport.hpp"
#include "mcp/stdio_transport.hpp"

namespace agent::mcp {
namespace {

class HttpConnector final : public Connector {
 public:
  HttpConnector(const mortise::HttpClient& http, HttpPlace place, bool firstRevision, KnownForms* forms)
      : http_(http), place_(std::move(place)), firstRevision_(firstRevision), forms_(forms) {}
  std::unique_ptr<Transport> connect() override { return std::make_unique<HttpTransport>(http_, place_); }
  std::unique_ptr<Transport> connectToFirstRevision() override { return std::make_unique<SseTransport>(http_, place_); }
  bool isOfFirstRevision() const override { return firstRevision_; }
  std::optional<Form> form() const override { return forms_ == nullptr ? std::nullopt : forms_->of(place_.url); }
  void setForm(std::optional<Form> form) override {
    if (forms_ != nullptr) forms_->set(place_.url, form);
  }

 private:
  const mortise::HttpClient http_;
  const HttpPlace place_;
  const bool firstRevision_;
  KnownForms* const forms_;
};

class StdioConnector final : public Connector {
 public:
  StdioConnector(ChildProcesses& processes, Program program) : processes_(processes), program_(std::move(program)) {}
  std::unique_ptr<Transport> connect() override { return std::make_unique<StdioTransport>(processes_.start(program_)); }

 private:
  ChildProcesses& processes_;
  const Program program_;
};

}  // namespace

std::unique_ptr<Connector> connectorTo(const McpServer& server, const mortise::HttpClient& http,
                                       ChildProcesses& processes, KnownForms* forms) {
  if (!server.readable)
    throw Failure(Failure::Cause::forbidden, "its settings can't be read with this server's secret; set it up again");
  const auto& entry = server.entry;
  if (entry.transport == McpTransport::stdio)
    return std::make_unique<StdioConnector>(processes, Program{server.name, entry.command, entry.args, entry.env});
  return std::make_unique<HttpConnector>(http, HttpPlace(entry.url, entry.headers),
                                         entry.transport == McpTransport::sse, forms);
}

}  // namespace agent::mcp
