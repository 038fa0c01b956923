#include <cstdint>
#include <mortise/module.hpp>
#include <string>

#include "greeter_contract.hpp"
#include "phrases.hpp"

namespace {

namespace contract = greeter_contract::greeter;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

// [module]
class Greeter final : public mortise::ModuleServing<contract::Greeter> {
 public:
  explicit Greeter(mortise::Host host)
      : log_(host.log()),
        phrase_(host.config().text("phrase")),
        most_(host.config().integer("most_phrases")),
        phrases_(static_cast<std::size_t>(most_)) {}
  // [/module]

 private:
  // [handler]
  Reply hello(const Request& request) override {
    std::string text = phrases_.current(phrase_) + ", " + request.path("name").string() + "!";
    if (request.query("loud").boolean(false)) text = greeter::loud(std::move(text));
    return Reply::ok(json::from(contract::Greeting{text}));
  }
  // [/handler]

  Reply listPhrases(const Request&) override {
    return Reply::ok(json::from(contract::ListPhrasesReply{phrases_.all()}));
  }

  // [problem]
  Reply addPhrase(const Request& request, const contract::AddPhraseBody& body) override {
    switch (phrases_.add(body.phrase)) {
      case greeter::Added::known:
        throw Problem(409, "phrase_known").with("phrase", body.phrase);
      case greeter::Added::full:
        throw Problem(409, "phrases_full").with("most", most_);
      case greeter::Added::yes:
        break;
    }
    const std::string by = request.principal().userId;
    log_.info("phrase added", {{"by", by}});
    return Reply::created(json::from(contract::AddPhraseReply{body.phrase, by}));
  }
  // [/problem]

  mortise::Log log_;
  const std::string phrase_;
  const std::int64_t most_;
  greeter::Phrases phrases_;
};

}  // namespace

MORTISE_MODULE(Greeter)
