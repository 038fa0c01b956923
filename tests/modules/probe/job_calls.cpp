#include "job_calls.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace json = mortise::json;
using mortise::Reply;
using mortise::Request;

Reply JobCalls::put(const Request& request) const {
  const auto body = request.body();
  mortise::Job job;
  job.id = request.path("id");
  job.trigger = body["trigger"].text();
  job.zone = body["zone"].text();
  job.payload = body["payload"].text();
  job.name = body["name"].text();
  job.description = body["description"].text();
  jobs_.put(job);
  return Reply::noContent();
}

Reply JobCalls::drop(const Request& request) const {
  return Reply::ok(json::object({{"removed", jobs_.remove(request.path("id"))}}));
}

void JobCalls::run(mortise::JobRun& run) {
  using namespace std::chrono_literals;
  const auto payload = run.payload();
  if (payload == "fail") throw std::runtime_error("the run was told to fail");
  run.output(payload);
  run.progress(50, "half");
  while (payload == "wait" && !run.cancelled()) std::this_thread::sleep_for(5ms);
}
