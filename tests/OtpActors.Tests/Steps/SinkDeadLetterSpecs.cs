using System.Text;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Steps;

public class SinkDeadLetterSpecs : SinkKit
{
    private static readonly byte[] Key = [.. "jane@example.com"u8];
    private static readonly byte[] Otp = [.. "0042"u8];

    private static readonly (byte[]? Key, byte[]? Value)[] Poison =
    [
        (null, Otp), ([], Otp), ([.. "no address"u8], Otp), ([0xFF, 0xFE], Otp), (Encoding.UTF8.GetBytes(new string('a', 3_000)), Otp),
        (Key, null), (Key, []), (Key, [0xC3, 0x28]), (Key, Encoding.UTF8.GetBytes(new string('9', 129))), (Key, [.. "a\nb"u8]),
    ];

    [Fact]
    public async Task Poison_of_every_kind_becomes_a_dead_letter_that_tells_where_it_lay_and_why()
    {
        await BeginAsync();
        await AppendAsync("p", [.. Poison, (Key, Otp)]);
        (await GatherAsync(11)).Counts.ShouldBe(new SinkCounts(11, 1, 0, 10));
        await DrainedAsync(11);

        var letters = await ReadAsync("otps.dlq");
        letters.Select(letter => (Text(letter.Key), Text(letter.Value))).ShouldBe(Poison.Select(p => (Text(p.Key), Text(p.Value))));
        letters.Select(letter => letter.Headers![DeadLetters.OffsetHeader]).ShouldBe(Enumerable.Range(0, 10).Select(i => $"{i}"));
        foreach (var headers in letters.Select(letter => letter.Headers!))
        {
            headers[DeadLetters.TopicHeader].ShouldBe("otps");
            headers[DeadLetters.PartitionHeader].ShouldBe("0");
            headers[DeadLetters.SinkHeader].ShouldBe("cassandra-sink");
            headers[DeadLetters.ReasonHeader].ShouldNotBeNullOrWhiteSpace();
            headers.Values.ShouldAllBe(text => !text.Contains("no address") && !text.Contains("0042"));
        }

        static string? Text(byte[]? bytes) => bytes is null ? null : Convert.ToHexString(bytes);
    }

    [Fact]
    public async Task A_record_is_counted_and_committed_only_after_its_dead_letter_is_acknowledged()
    {
        var (lettering, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Topic.BeforeAppend = topic =>
        {
            if (topic != "otps.dlq")
            {
                return Task.CompletedTask;
            }

            lettering.TrySetResult();
            return gate.Task;
        };
        await BeginAsync();
        await AppendAsync("p", (null, Otp));
        await lettering.Task.WaitAsync(Cancel);
        Run.HasMessages.ShouldBeFalse();
        (await CommittedAsync()).ShouldBe(0);

        gate.SetResult();
        (await GatherAsync(1)).Counts.DeadLettered.ShouldBe(1);
        await DrainedAsync(1);
    }

    [Fact]
    public async Task A_dead_letter_that_cannot_be_written_fails_the_attempt()
    {
        Topic.BeforeAppend = topic => topic == "otps.dlq" ? throw new TopicException("the disk is full") : Task.CompletedTask;
        await BeginAsync();
        await AppendAsync("p", (null, Otp));
        (await Run.NextAsync<RunCommands.FailAttempt>()).Error.ShouldContain("the disk is full");
        (await CommittedAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_letter_that_is_refused_is_written_without_its_value_and_the_others_whole()
    {
        Topic.Refuse = (topic, record) => topic == "otps.dlq" && record.Value?.Length > 1_000 ? "the record is too large" : null;
        await BeginAsync();
        await AppendAsync("p", (null, Otp), (Key, new byte[2_000]), ([], Otp), (Key, Otp));
        (await GatherAsync(4)).Counts.ShouldBe(new SinkCounts(4, 1, 0, 3));
        await DrainedAsync(4);

        var letters = await ReadAsync("otps.dlq");
        letters.Select(letter => (letter.Headers![DeadLetters.OffsetHeader], letter.Value?.Length)).ShouldBe([("0", 4), ("1", 0), ("2", 4)]);
        letters.Select(letter => letter.Headers!.GetValueOrDefault(DeadLetters.ValueBytesHeader)).ShouldBe([null, "2000", null]);
        letters[1].Key.ShouldBe(Key);
    }

    [Fact]
    public async Task A_letter_that_is_cut_and_refused_tells_the_length_that_its_record_had()
    {
        Topic.Refuse = (topic, record) => topic == "otps.dlq" && record.Value?.Length > 1_000 ? "the record is too large" : null;
        await BeginAsync();
        await AppendAsync("p", (Key, new byte[DeadLetters.MaxValueBytes + 1]));
        (await GatherAsync(1)).Counts.DeadLettered.ShouldBe(1);
        (await ReadAsync("otps.dlq")).ShouldHaveSingleItem().Headers![DeadLetters.ValueBytesHeader].ShouldBe($"{DeadLetters.MaxValueBytes + 1}");
    }

    [Fact]
    public async Task A_letter_that_is_refused_without_its_value_too_fails_the_attempt_with_the_reason_and_what_to_do()
    {
        Topic.Refuse = (topic, _) => topic == "otps.dlq" ? "no key, no record" : null;
        await BeginAsync();
        await AppendAsync("p", (null, Otp));
        var error = (await Run.NextAsync<RunCommands.FailAttempt>()).Error;
        error.ShouldStartWith("otps.dlq refuses the dead letter of partition 0, offset 0, without its value too: no key, no record.");
        error.ShouldEndWith("then retry the step");
        (await CommittedAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task What_the_store_refuses_for_good_becomes_a_dead_letter()
    {
        var records = Records(Generated(3));
        Store.Reject = record => record.Email == records[1].Email ? "too large" : null;
        await BeginAsync();
        await AppendAsync(records);
        (await GatherAsync(3)).Counts.ShouldBe(new SinkCounts(3, 2, 0, 1));
        var letter = (await ReadAsync("otps.dlq")).ShouldHaveSingleItem();
        (letter.Headers![DeadLetters.OffsetHeader], letter.Headers[DeadLetters.ReasonHeader]).ShouldBe(("1", "too large"));
    }

    [Fact]
    public async Task A_record_that_the_store_trips_over_becomes_a_dead_letter_and_the_others_are_stored()
    {
        var records = Records(Generated(9));
        Store.Reject = record => record.Email == records[2].Email || record.Email == records[7].Email
            ? throw new FormatException($"canary {record.Otp.Reveal()}")
            : null;
        await BeginAsync();
        await AppendAsync(records);
        (await GatherAsync(9)).Counts.ShouldBe(new SinkCounts(9, 7, 0, 2));
        await DrainedAsync(9);
        var letters = await ReadAsync("otps.dlq");
        letters.Select(letter => (letter.Headers![DeadLetters.OffsetHeader], letter.Headers[DeadLetters.ReasonHeader]))
            .ShouldBe([("2", "it cannot be processed (FormatException)"), ("7", "it cannot be processed (FormatException)")]);
    }

    [Fact]
    public async Task Dead_letters_lie_in_the_order_of_their_records()
    {
        var refused = Records(Generated(1))[0];
        Store.Reject = _ => "too large";
        await EnsureTopicAsync();
        await AppendAsync(
            "p", (OtpRecordCodec.EncodeKey(refused.Email), OtpRecordCodec.EncodeValue(refused.Otp)), (null, Otp)); // found in the other order
        Begin();
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
        (await GatherAsync(2)).Counts.DeadLettered.ShouldBe(2);
        (await ReadAsync("otps.dlq")).Select(letter => letter.Headers![DeadLetters.OffsetHeader]).ShouldBe(["0", "1"]);
    }

    [Fact]
    public async Task A_replay_adds_no_dead_letter()
    {
        await BeginAsync();
        await AppendAsync("p", (null, Otp));
        await GatherAsync(1, answer: false);
        Begin(attempt: 2); // the first one has committed nothing
        await Run.UntilAsync<RunCommands.ConfirmSinkReady>(ready => ready.Attempt == 2);
        (await GatherAsync(1)).Counts.DeadLettered.ShouldBe(1);
        await DrainedAsync(1, attempt: 2);
        (await ReadAsync("otps.dlq")).Count.ShouldBe(1);
    }

    /// <summary>A crash between the run's journal and the commit: the partition comes again from its beginning.</summary>
    [Fact]
    public async Task A_dead_letter_counted_before_is_not_counted_again()
    {
        await EnsureTopicAsync();
        await AppendAsync("p", (null, Otp), (Key, Otp), (null, Otp));
        Begin(counted: Say.Offsets((0, 2)));
        await Run.NextAsync<RunCommands.ConfirmSinkReady>();
        (await GatherAsync(3)).Counts.ShouldBe(new SinkCounts(1, 0, 0, 1));
        await DrainedAsync(3);
        (await ReadAsync("otps.dlq")).Count.ShouldBe(2); // both are there, whichever attempt counted them
    }
}
