using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Servers.Mongo;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>What goes wrong between store and server, on the double, which alone can do it at will.</summary>
public sealed class MongoFaultSpecs : IAsyncDisposable
{
    private const string Password = "pa55w0rd";

    private MongoServer _server = MongoServer.Start(members: 3);
    private MongoStore? _store;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_write_whose_reply_is_lost_is_done_once()
    {
        var store = await StoreAsync();
        Once("update", new MongoFault.DropReply());

        (await WriteAsync(store, 0, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await CountAsync(store)).ShouldBe(100);
    }

    [Fact]
    public async Task A_write_whose_replies_stay_lost_is_an_outage_and_the_batch_tells_the_same_afterwards()
    {
        var store = await StoreAsync();
        _server.Fault = (name, _) => name == "update" ? new MongoFault.DropReply() : null;
        await OutAsync(store);
        _server.Fault = (_, _) => null;

        (await WriteAsync(store, 0, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await CountAsync(store)).ShouldBe(100);
    }

    [Fact]
    public async Task A_write_that_no_majority_has_is_an_outage_and_the_batch_tells_the_same_afterwards()
    {
        var store = await StoreAsync();
        Once("update", new MongoFault.NoMajority());

        (await OutAsync(store)).Message.ShouldContain("no majority has acknowledged");
        (await WriteAsync(store, 0, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await CountAsync(store)).ShouldBe(100);
    }

    [Fact]
    public async Task A_new_primary_is_found_and_the_batch_goes_there()
    {
        var store = await StoreAsync();
        await WriteAsync(store, 0, 100);
        _server.FailOver();

        (await WriteAsync(store, 100, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        _server.FailOver();
        (await CountAsync(store)).ShouldBe(200);
    }

    [Fact]
    public async Task No_primary_is_an_outage_that_ends_with_the_election()
    {
        var store = await StoreAsync("serverSelectionTimeoutMS=300");
        _server.StepDown();
        await OutAsync(store);
        _server.FailOver();

        (await UntilBackAsync(store, 0, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
    }

    [Fact]
    public async Task A_stopped_server_is_an_outage_that_ends_when_it_is_back()
    {
        var store = await StoreAsync("serverSelectionTimeoutMS=300");
        await WriteAsync(store, 0, 100);
        _server.Stop();
        (await OutAsync(store)).Message.ShouldStartWith("MongoDB at 127.0.0.1:");
        await Should.ThrowAsync<StoreUnavailableException>(() => store.FindAsync([Record(0).Email], Cancellation).Eventually());
        _server.Restart();

        (await UntilBackAsync(store, 0, 200)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await CountAsync(store)).ShouldBe(200);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_an_outage()
    {
        var store = await StoreAsync("socketTimeoutMS=300");
        var gate = new TaskCompletionSource();
        _server.Fault = (name, _) => name == "update" ? new MongoFault.Hold(gate.Task) : null;
        await OutAsync(store);
        _server.Fault = (_, _) => null;
        gate.SetResult();

        (await WriteAsync(store, 0, 100)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
    }

    [Theory]
    [InlineData(50, "ExceededTimeLimit")]
    [InlineData(112, "WriteConflict")]
    [InlineData(4_711, "NeverHeardOf")]
    public async Task What_the_server_cannot_do_now_is_an_outage_and_no_fault_of_a_record(int code, string name)
    {
        var store = await StoreAsync();
        _server.Fault = (command, _) => command == "update" ? new MongoFault.Refuse(code, name) : null;

        (await OutAsync(store)).Message.ShouldContain(name);
    }

    [Fact]
    public async Task What_the_user_may_not_do_is_said()
    {
        var store = await StoreAsync();
        Once("update", new MongoFault.Refuse(13, "Unauthorized"));

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store, 0, 1))).Message.ShouldContain("the user may not do this");
    }

    [Theory]
    [InlineData($"otp:{Password}@", true)]
    [InlineData("otp:wrong-0ne@", false)]
    [InlineData($"nobody:{Password}@", false)]
    public async Task Credentials_are_right_or_refused_in_clear_words_without_them(string credentials, bool isRight)
    {
        await _server.DisposeAsync();
        _server = MongoServer.Start(user: new MongoUser("otp", Password));
        _store = Open(_server.Connection(credentials));
        if (isRight)
        {
            await _store.EnsureSchemaAsync(Cancellation).Eventually();
            (await WriteAsync(_store, 0, 10)).Count.ShouldBe(10);
            return;
        }

        var failure = await Should.ThrowAsync<StoreSetupException>(() => _store.EnsureSchemaAsync(Cancellation).Eventually());
        failure.Message.ShouldContain("refuses the log-in: the user or the password is wrong");
        failure.ToString().ShouldNotContain(Password);
        failure.ToString().ShouldNotContain("wrong-0ne");
    }

    [Fact]
    public async Task A_write_that_is_given_up_ends_as_given_up()
    {
        var store = await StoreAsync();
        var gate = new TaskCompletionSource();
        _server.Fault = (name, _) => name == "update" ? new MongoFault.Hold(gate.Task) : null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var write = store.WriteAsync([Record(0)], patience.Token);
        await patience.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => write.Eventually());
        gate.SetResult();
    }

    [Theory]
    [InlineData(OnExisting.Skip, 1)]
    [InlineData(OnExisting.Replace, 2)]
    public async Task Whatever_goes_wrong_at_random_nothing_is_lost_or_doubled(OnExisting onExisting, int seed)
    {
        var store = await StoreAsync("serverSelectionTimeoutMS=1000", onExisting);
        var random = new Random(seed);
        MongoFault?[] faults =
        [
            null, null, null, null, null, null, null, null, null, null, new MongoFault.DropRequest(), new MongoFault.DropReply(), new MongoFault.NoMajority(),
            new MongoFault.Refuse(11600, "InterruptedAtShutdown"), new MongoFault.Refuse(4_711, "NeverHeardOf"),
        ];
        _server.Fault = (name, _) =>
        {
            lock (random)
            {
                return name is "update" or "find" ? faults[random.Next(faults.Length)] : null;
            }
        };
        for (var from = 0; from < 500; from += 50)
        {
            if (from % 250 == 100)
            {
                _server.FailOver();
            }

            (await UntilBackAsync(store, from, 50)).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        }

        _server.Fault = (_, _) => null;
        (await CountAsync(store)).ShouldBe(500);
    }

    private async Task<MongoStore> StoreAsync(string more = "serverSelectionTimeoutMS=5000", OnExisting onExisting = OnExisting.Skip)
    {
        _store = Open($"{_server.ConnectionString}&heartbeatFrequencyMS=500&{more}", onExisting);
        await _store.EnsureSchemaAsync(Cancellation).Eventually();
        return _store;
    }

    private static MongoStore Open(string connectionString, OnExisting onExisting = OnExisting.Skip) => new(
        "mongo", new MongoOptions { ConnectionString = connectionString }, onExisting, TimeProvider.System);

    private void Once(string command, MongoFault fault)
    {
        var left = 1;
        _server.Fault = (name, _) => name == command && Interlocked.Exchange(ref left, 0) == 1 ? fault : null;
    }

    private static StoreRecord Record(int number) => new(
        EmailAddress.Parse($"user{number}@example.com"), OneTimePassword.Parse($"{number:D6}"),
        new RecordOrigin("topic", 0, number), DateTimeOffset.UnixEpoch);

    private static async Task<IReadOnlyList<WriteOutcome>> WriteAsync(MongoStore store, int from, int count) =>
        (await store.WriteAsync([.. Enumerable.Range(from, count).Select(Record)], Cancellation).Eventually()).Outcomes;

    private static Task<StoreUnavailableException> OutAsync(MongoStore store) =>
        Should.ThrowAsync<StoreUnavailableException>(() => WriteAsync(store, 0, 100));

    /// <summary>As a sink does: holds the batch and writes it again.</summary>
    private static async Task<IReadOnlyList<WriteOutcome>> UntilBackAsync(MongoStore store, int from, int count)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(TimeSpan.FromMinutes(1)); // far beyond what it takes
        while (true)
        {
            try
            {
                return await WriteAsync(store, from, count);
            }
            catch (StoreUnavailableException)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task<int> CountAsync(MongoStore store)
    {
        var emails = new HashSet<EmailAddress>();
        await foreach (var row in store.ScanAsync(Cancellation))
        {
            emails.Add(row.Email).ShouldBeTrue();
        }

        return emails.Count;
    }
}
