using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Lifecycle;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Tests.Fakes;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers;

public class RunStarterSpecs : RunKit
{
    private static readonly RunTrigger Trigger = new(TriggerKind.CommandTopic, "otp_commands-0-0");

    private readonly TempDirectory _directory = new();
    private readonly DataDirectory _data;
    private readonly RunStarter _starter;

    public RunStarterSpecs()
    {
        _data = DataDirectory.Open(_directory.File("data"));
        var (runs, catalog) = (Runs, Catalog);
        var registry = Sys.ActorOf(Props.Create(() => new RunRegistry(runs, catalog)));
        _starter = new RunStarter(new OtpActorsOptions().RunDefaults, _data, new Known<RunRegistry>(registry), new Known<RunsParent>(Runs),
            new DataWatch(new JournalOptions(), _data, Journal, TimeProvider.System, NullLogger<DataWatch>.Instance));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _data.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_same_key_is_the_same_run_and_other_words_under_it_are_refused()
    {
        (await StartAsync(new RunRequest { Count = 3 })).Again.ShouldBeFalse();
        (await StartAsync(new RunRequest { Count = 3 })).Again.ShouldBeTrue();
        (await Should.ThrowAsync<RunKeyReusedException>(() => StartAsync(new RunRequest { Count = 4 }))).RunId.ShouldBe("a");
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId.ShouldBe("a");
    }

    [Fact]
    public async Task A_run_that_was_journaled_and_not_listed_before_a_crash_begins_when_its_trigger_comes_again()
    {
        var request = new RunRequest { Count = 3 };
        var spec = RunRequests.ToSpec(
            request, new OtpActorsOptions().RunDefaults, RunRequests.RecordsOf(request)!, Trigger with { Fingerprint = RunRequests.FingerprintOf(request) });
        await DoAsync(new RunCommands.Request("a", spec)); // and killed here

        var started = await StartAsync(request);
        started.Again.ShouldBeTrue();
        Catalog["a"].ShouldNotBeNull();
        (await TopicAdmin.NextAsync<TopicAdmin.Begin>()).RunId.ShouldBe("a");
    }

    private Task<RunStarted> StartAsync(RunRequest request) => _starter.StartAsync("a", request, Trigger, Cancel);

    private sealed class Known<TActor>(IActorRef actor) : IRequiredActor<TActor>
    {
        public IActorRef ActorRef => actor;

        public Task<IActorRef> GetAsync(CancellationToken cancellationToken = default) => Task.FromResult(actor);
    }
}
