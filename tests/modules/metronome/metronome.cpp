// Jobs that are due every second; each run writes a row. tests/e2e/jobs_cluster_test.py counts them.
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/jobs.hpp>
#include <mortise/module.hpp>

#include <string>

namespace {

class Metronome final : public mortise::Module {
 public:
  explicit Metronome(mortise::Host host) : config_(host.config()), db_(host.db()), jobs_(host.jobs()) {}

  void bind(mortise::Bindings& on) override { on.anyJob(&Metronome::beat); }

  // After the first start these are there already; a time that was missed while no server ran is made up.
  void start() override {
    for (std::int64_t i = 0; i < config_.integer("jobs"); ++i) {
      mortise::Job job;
      job.id = "beat-" + std::to_string(i);
      job.trigger = "cron: * * * * * *";
      job.coalesce = false;
      job.maxInstances = 100;
      jobs_.put(job);
    }
  }

 private:
  void beat(mortise::JobRun& run) {
    db_.execute("INSERT INTO metronome_beats (job, due_at, run) VALUES (:job, :due_at, :run)",
                {{"job", run.jobId()}, {"due_at", run.dueAt()}, {"run", run.id()}});
  }

  mortise::Config config_;
  mortise::Db db_;
  mortise::Jobs jobs_;
};

}  // namespace

MORTISE_MODULE(Metronome)
