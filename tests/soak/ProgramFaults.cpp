// What befalls commands, files and standard input.
#include <signal.h>

#include <fstream>
#include <shared_mutex>
#include <thread>

#include "tests/soak/Fault.h"
#include "tests/support/Processes.h"
#include "tests/support/WavFile.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using Camera = Household::Camera;

constexpr auto kLimit = 30s;
constexpr auto kGivenUp = 64s;  // idle_s and a minute of a command that says nothing

void order(const Camera& camera, const char* word) {
  std::ofstream(camera.order) << word;
}

std::string process_of(const Camera& camera) {
  std::ifstream file(camera.pid);
  std::string pid;
  file >> pid;
  return pid;
}

// The number may be another's by now.
bool is_camera(const std::string& process) {
  std::ifstream file("/proc/" + process + "/cmdline", std::ios::binary);
  std::string arguments;
  std::getline(file, arguments);
  return arguments.find("--camera") != std::string::npos;
}

Fault killed(Household& household, const Camera& camera) {
  return {"command killed", 1s, [&household, &camera](KeyedRandom&) {
            const auto began = BootClock::now();
            while (!is_camera(process_of(camera)) && BootClock::now() < began + kLimit)
              std::this_thread::sleep_for(20ms);
            if (is_camera(process_of(camera))) ::kill(std::stoi(process_of(camera)), SIGKILL);
            return household.witness().await_recovery(camera.source, began, BootClock::now(), true, kLimit);
          }};
}

Fault exits(Household& household, const Camera& camera) {
  return {"command exits", 1s, [&household, &camera](KeyedRandom&) {
            const auto began = BootClock::now();
            const std::string process = process_of(camera);
            order(camera, "exit");
            if (!test::all_end({process}))
              household.findings().add(camera.source + ": process " + process + " does not end");
            order(camera, "speak");
            return household.witness().await_recovery(camera.source, began, BootClock::now(), true, kLimit);
          }};
}

Fault falls_silent(Household& household, const Camera& camera) {
  return {"command silent for longer than idle_s", 7s, [&household, &camera](KeyedRandom& random) {
            const auto began = BootClock::now();
            order(camera, "silent");
            std::this_thread::sleep_for(some_time(random, 4.0, 7.0));
            order(camera, "speak");
            return household.witness().await_recovery(camera.source, began, BootClock::now(), true, kLimit);
          }};
}

Fault given_up(Household& household, const Camera& camera) {
  return {"command silent until it is ended", kGivenUp + 5s, [&household, &camera](KeyedRandom&) {
            const auto began = BootClock::now();
            const std::string process = process_of(camera);
            order(camera, "silent");
            const auto limit = began + kGivenUp + 5s;
            while (process_of(camera) == process && BootClock::now() < limit)
              std::this_thread::sleep_for(50ms);
            if (process_of(camera) == process)
              household.findings().add(camera.source + ": its silent command was not ended");
            order(camera, "speak");
            return household.witness().await_recovery(camera.source, began, BootClock::now(), true, kLimit);
          }};
}

// No start of the daemon lies in it: one without its file is refused.
Fault file_replaced(Household& household, const std::string& name,
                    const std::function<void(const std::filesystem::path&)>& by) {
  return {name, 8s, [&household, by](KeyedRandom& random) {
            const std::filesystem::path file = household.loop();
            const std::filesystem::path kept = file.string() + ".kept";
            const std::filesystem::path other = file.string() + ".other";
            std::shared_lock no_start(household.starts());
            const auto began = BootClock::now();
            std::filesystem::rename(file, kept);
            if (by) {
              by(other);
              std::filesystem::rename(other, file);
            }
            std::this_thread::sleep_for(some_time(random, 4.5, 8.0));  // it lasts 3 s
            std::filesystem::rename(kept, file);
            no_start.unlock();
            return household.witness().await_recovery("loop", began, BootClock::now(), true, kLimit);
          }};
}

Fault pipe_pauses(Household& household) {
  return {"standard input pauses", 4s, [&household](KeyedRandom& random) {
            const auto began = BootClock::now();
            household.pipe().fall_silent();
            std::this_thread::sleep_for(some_time(random, 0.7, 4.0));
            household.pipe().speak_again();
            return household.witness().await_recovery("pipe", began, BootClock::now(), false, kLimit);
          }};
}

Fault pipe_bursts(Household& household) {
  return {"standard input holds back, then bursts", 3s, [&household](KeyedRandom& random) {
            return hold_back(household, "pipe", household.pipe(), random);
          }};
}

}  // namespace

std::vector<Victim> program_faults(Household& household) {
  std::vector<Victim> victims;
  for (const Camera& camera : household.cameras()) {
    victims.push_back({camera.source,
                       11s,  // what has delivered for ten seconds is started again after one
                       {killed(household, camera), exits(household, camera), falls_silent(household, camera),
                        given_up(household, camera)}});
  }
  const auto nonsense = [](const std::filesystem::path& path) { std::ofstream(path) << "no sound"; };
  victims.push_back({"loop",
                     1s,
                     {file_replaced(household, "file away", {}),
                      file_replaced(household, "file replaced by nonsense", nonsense)}});
  victims.push_back({"pipe", 2s, {pipe_pauses(household), pipe_bursts(household)}});
  return victims;
}

}  // namespace earshot::soak
