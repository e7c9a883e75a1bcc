using Akka.Configuration;
using Akka.TestKit.Xunit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using OtpActors.Tests.Fakes;
using OtpActors.Tests.Support;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers;

public sealed class OtpPublisherSpecs : TestKit
{
    private static readonly PublishTarget Target = new("otps", 1, 1);

    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(RunDriver.Start);
    private readonly ScriptedTopic _topic;
    private EmbeddedTopic _log;

    public OtpPublisherSpecs() : base(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.loggers = []"))
    {
        _log = new EmbeddedTopic(_directory.File("topic.db"));
        _topic = new ScriptedTopic(_log);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _log.DisposeAsync();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Many_callers_share_few_writes_and_each_is_answered_when_its_records_are_there()
    {
        var publisher = Open();
        var (gate, appends) = (new TaskCompletionSource(), 0);
        _topic.BeforeAppend = async _ =>
        {
            Interlocked.Increment(ref appends);
            await gate.Task;
        };
        var callers = Enumerable.Range(0, 200).Select(i => publisher.PublishAsync(Target, Records(i * 10, 10), Cancel)).ToList();
        callers.ShouldAllBe(caller => !caller.IsCompleted);
        gate.SetResult();
        await Task.WhenAll(callers).Eventually();

        appends.ShouldBeLessThan(100); // those that came while a write was under way went together
        (await NumbersAsync()).Order().ShouldBe(Enumerable.Range(0, 2_000));
        _topic.Flows.ShouldBe(1);
    }

    [Fact]
    public async Task A_caller_s_records_lie_together_and_in_order()
    {
        var publisher = Open();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => publisher.PublishAsync(Target, Records(i * 300, 300), Cancel))).Eventually();

        var numbers = await NumbersAsync();
        numbers.Chunk(300).ShouldAllBe(chunk => chunk.SequenceEqual(Enumerable.Range(chunk[0], 300)));
    }

    [Fact]
    public async Task A_producer_that_broke_off_tells_its_callers_and_is_begun_anew()
    {
        var publisher = Open();
        await publisher.PublishAsync(Target, Records(0, 5), Cancel).Eventually();
        _topic.BeforeAppend = _ => throw new TopicException("the disk is full");
        var unknown = await Should.ThrowAsync<PublishUnknownException>(() => publisher.PublishAsync(Target, Records(5, 5), Cancel).Eventually());
        unknown.Message.ShouldContain("the disk is full");

        _topic.BeforeAppend = _ => Task.CompletedTask;
        await publisher.PublishAsync(Target, Records(10, 5), Cancel).Eventually();
        (await NumbersAsync()).ShouldBe([.. Enumerable.Range(0, 5), .. Enumerable.Range(10, 5)]);
    }

    [Fact]
    public async Task A_topic_that_cannot_be_opened_leaves_nothing_in_doubt()
    {
        var publisher = Open();
        await _log.DisposeAsync();
        (await Should.ThrowAsync<TopicException>(() => publisher.PublishAsync(Target, Records(0, 1), Cancel).Eventually())).Message.ShouldContain("closed");
    }

    [Fact]
    public async Task A_new_process_goes_on_in_the_sequence_and_loses_none()
    {
        await Open().PublishAsync(Target, Records(0, 5), Cancel).Eventually();
        await _log.DisposeAsync();
        _log = new EmbeddedTopic(_directory.File("topic.db"));
        var again = new OtpPublisher(_log, Sys, _clock, NullLogger<OtpPublisher>.Instance);
        await again.PublishAsync(Target, Records(5, 5), Cancel).Eventually();

        (await NumbersAsync()).ShouldBe(Enumerable.Range(0, 10));
    }

    [Fact]
    public async Task Where_there_is_no_room_callers_wait_for_so_long_and_are_refused()
    {
        var publisher = Open(new PublisherLimits { InHand = 10, Waiting = 10, Patience = TimeSpan.FromSeconds(5) });
        var gate = new TaskCompletionSource();
        _topic.BeforeAppend = _ => gate.Task;
        var first = publisher.PublishAsync(Target, Records(0, 10), Cancel);
        var second = publisher.PublishAsync(Target, Records(10, 10), Cancel);
        await Should.ThrowAsync<PublishRefusedException>(() => publisher.PublishAsync(Target, Records(20, 1), Cancel).Eventually()); // nor is there room to wait
        second.IsCompleted.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<PublishRefusedException>(() => second.Eventually());
        var third = publisher.PublishAsync(Target, Records(30, 10), Cancel);
        gate.SetResult();
        await first.Eventually();
        await third.Eventually();

        (await NumbersAsync()).ShouldBe([.. Enumerable.Range(0, 10), .. Enumerable.Range(30, 10)]);
    }

    [Fact]
    public async Task A_stop_waits_for_what_is_in_hand_and_takes_no_more()
    {
        var publisher = Open();
        var gate = new TaskCompletionSource();
        _topic.BeforeAppend = _ => gate.Task;
        var caller = publisher.PublishAsync(Target, Records(0, 10), Cancel);
        var drained = publisher.DrainAsync();
        await Should.ThrowAsync<PublishRefusedException>(() => publisher.PublishAsync(Target, Records(10, 1), Cancel).Eventually());
        await Should.ThrowAsync<PublishRefusedException>(() => publisher.PublishAsync(Target with { Topic = "other" }, Records(10, 1), Cancel).Eventually());
        drained.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await caller.Eventually();
        await drained.Eventually();

        (await NumbersAsync()).ShouldBe(Enumerable.Range(0, 10));
    }

    [Fact]
    public async Task An_idle_producer_is_closed_and_opened_again()
    {
        var publisher = Open();
        for (var i = 0; _topic.Flows < 3; i++)
        {
            await publisher.PublishAsync(Target, Records(i, 1), Cancel).Eventually();
            _clock.Advance(TimeSpan.FromMinutes(1)); // while the loop waits, most times
            await Task.Yield();
        }

        var numbers = await NumbersAsync();
        numbers.ShouldBe(Enumerable.Range(0, numbers.Count));
    }

    [Fact]
    public async Task A_key_publishes_once_and_another_publication_under_it_is_refused()
    {
        var publisher = Open();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => OnceAsync(publisher, 7, "key"))).Eventually();
        outcomes.Count(published => published).ShouldBe(1);
        await Should.ThrowAsync<PublishKeyReusedException>(() => OnceAsync(publisher, 8, "key"));
        (await OnceAsync(publisher, 8, "another key")).ShouldBeTrue();

        (await NumbersAsync()).ShouldBe([.. Enumerable.Range(0, 3), .. Enumerable.Range(0, 3)]);
    }

    [Fact]
    public async Task A_key_whose_write_failed_can_be_used_again()
    {
        var publisher = Open();
        _topic.BeforeAppend = _ => throw new TopicException("the disk is full");
        await Should.ThrowAsync<PublishUnknownException>(() => OnceAsync(publisher, 7, "key"));
        _topic.BeforeAppend = _ => Task.CompletedTask;
        (await OnceAsync(publisher, 7, "key")).ShouldBeTrue();
        (await OnceAsync(publisher, 7, "key")).ShouldBeFalse();

        (await NumbersAsync()).ShouldBe(Enumerable.Range(0, 3));
    }

    private static Task<bool> OnceAsync(OtpPublisher publisher, byte content, string key) =>
        publisher.PublishOnceAsync(Target, Records(0, 3), key, Enumerable.Repeat(content, 32).ToArray(), Cancel).Eventually();

    private OtpPublisher Open(PublisherLimits? limits = null) => new(_topic, Sys, _clock, NullLogger<OtpPublisher>.Instance, limits);

    private static List<OtpRecord> Records(int from, int count) =>
        [.. Enumerable.Range(from, count).Select(i => new OtpRecord(EmailAddress.Parse($"user{i}@example.com"), OneTimePassword.Parse($"{i}")))];

    /// <summary>The numbers of the records in the topic, in its order.</summary>
    private async Task<List<int>> NumbersAsync()
    {
        var numbers = new List<int>();
        while (await _log.ReadAsync("otps", 0, numbers.Count, 500, Cancel) is { Count: > 0 } page)
        {
            numbers.AddRange(page.Select(record => int.Parse(System.Text.Encoding.UTF8.GetString(record.Value!), null)));
        }

        return numbers;
    }
}
