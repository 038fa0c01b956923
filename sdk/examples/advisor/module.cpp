#include <chrono>
#include <mortise/models.hpp>
#include <mortise/module.hpp>
#include <string>

#include "advisor_contract.hpp"

namespace {

namespace contract = advisor_contract::advisor;
namespace json = mortise::json;
namespace models = mortise::models;
using mortise::Reply;
using mortise::Request;

class Advisor final : public mortise::ModuleServing<contract::Advisor> {
 public:
  // [endpoint]
  explicit Advisor(mortise::Host host)
      : log_(host.log()),
        client_(host.httpClient()),
        model_(host.config().text("model")),
        endpoint_(models::endpointFor(
            {.model = model_, .baseUrl = host.config().text("base_url"), .apiKey = host.config().text("api_key")})) {}
  // [/endpoint]

 private:
  // [ask]
  Reply giveAdvice(const Request& request, const contract::GiveAdviceBody& body) override {
    models::Question question{.model = model_,
                              .messages = {models::system("Answer in one sentence."), models::user(body.question)}};
    question.timeout = std::chrono::seconds(90);  // the contract gives the operation two minutes
    question.stopped = [&] { return request.expired(); };
    const auto answer = client_.ask(endpoint_, question);
    log_.info("advice given", {{"tokens", answer.usage.outputTokens}});
    return Reply::ok(
        json::from(contract::GiveAdviceReply{answer.text, answer.usage.inputTokens, answer.usage.outputTokens}));
  }
  // [/ask]

  mortise::Log log_;
  models::Client client_;
  const std::string model_;
  const models::Endpoint endpoint_;
};

}  // namespace

MORTISE_MODULE(Advisor)
