using System.Diagnostics;
using System.Security.Cryptography;
using OtpActors.Domain.Records;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class DataDirectorySpecs : IDisposable
{
    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task One_process_writes_and_others_read_beside_it()
    {
        await StoreAsync("ann@example.com");
        await using var service = _at.Start("serve");
        (await service.UntilItSaysAsync("Serving from")).ShouldBeTrue();

        var refused = (await _at.RunAsync("run", "--count", "1", "--json")).ShouldExitWith(1);

        refused.ShouldSay($"process {service.Id}", Data.Root);
        refused.Json.GetProperty("outcome").GetString().ShouldBe("refused");
        (await _at.RunAsync("runs", "--json")).ShouldExitWith(0).Items.ShouldBeEmpty();
        (await _at.RunAsync("find", "ann@example.com")).ShouldExitWith(0);
        service.HasExited.ShouldBeFalse();
    }

    [Theory]
    [InlineData("taken")]
    [InlineData("taken/below")]
    public async Task A_place_that_cannot_be_a_directory_is_refused(string place)
    {
        _at.Write("taken", "a file");

        var refused = (await _at.RunBareAsync(["run", "--count", "1", "--data", place])).ShouldExitWith(1);

        refused.ShouldSay(_at.File("taken"), "choose another --data");
        refused.ErrorLines.Count.ShouldBe(1);
        File.ReadAllText(_at.File("taken")).Trim().ShouldBe("a file");
    }

    [Theory]
    [InlineData("journal.db")]
    [InlineData("runs.db")]
    [InlineData("topic.db")]
    [InlineData("cassandra.db")]
    [InlineData("mongo.db")]
    public async Task A_damaged_file_is_refused_at_once_and_left_as_it_is(string file)
    {
        Directory.CreateDirectory(Data.Root);
        var garbage = RandomNumberGenerator.GetBytes(10_000);
        await File.WriteAllBytesAsync(Data.File(file), garbage, TestContext.Current.CancellationToken);

        var refused = (await _at.RunAsync("run", "--count", "1", "--json")).ShouldExitWith(1);

        refused.ShouldSay(Data.File(file), "damaged", "restore it from a backup");
        refused.ErrorLines.Count.ShouldBe(1);
        File.ReadAllBytes(Data.File(file)).ShouldBe(garbage);
        Data.MailFiles.ShouldBeEmpty();
        if (file != "topic.db")
        {
            Data.TopicCount.ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_run_waits_on_a_full_disk_and_goes_on_by_itself_when_there_is_room()
    {
        const int records = 20_000;
        await using var disk = await Disk.MountAsync(Data.Root, "2m");
        await using var run = _at.Start("run", "--count", $"{records}", "--notify", "10", "--json");
        (await run.UntilItSaysAsync("full: free space, then it goes on")).ShouldBeTrue();

        await disk.ChangeAsync("size=64m");
        var report = (await run.EndAsync()).ShouldExitWith(0).Report;

        report.Outcome.ShouldBe("Completed");
        report.Steps.ShouldAllBe(step => step.Attempts == 1);
        Data.TopicCount.ShouldBe(records);
        foreach (var store in report.Stores)
        {
            (store.Read, store.Inserted, store.Skipped, store.Missing).ShouldBe((records, records, 0, 0), store.Name);
            Data.StoreCount(store.Name).ShouldBe(records);
        }
    }

    [Fact]
    public async Task A_read_only_disk_is_refused_and_nothing_is_lost()
    {
        await using var disk = await Disk.MountAsync(Data.Root, "16m");
        await StoreAsync("ann@example.com");
        await disk.ChangeAsync("ro");

        (await _at.RunAsync("run", "--count", "1")).ShouldExitWith(1).ShouldSay(Data.Root, "read-only");

        (await _at.RunAsync("find", "ann@example.com")).ShouldExitWith(1).ShouldSay(Data.Root);

        await disk.ChangeAsync("rw");
        (await _at.RunAsync("find", "ann@example.com")).ShouldExitWith(0);
    }

    /// <summary>Puts an address into both stores without the program.</summary>
    private async Task StoreAsync(string email)
    {
        using var data = DataDirectory.Open(Data.Root);
        foreach (var store in EmbeddedStores.Open(new StoresOptions(), data, TimeProvider.System))
        {
            await using (store)
            {
                await store.EnsureSchemaAsync(TestContext.Current.CancellationToken);
                await store.WriteAsync(
                    [new StoreRecord(EmailAddress.Parse(email), OneTimePassword.Parse("1"), new RecordOrigin("email_topic", 0, 0), DateTimeOffset.UnixEpoch)],
                    TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>A small disk of one test's own, in memory.</summary>
    private sealed class Disk : IAsyncDisposable
    {
        private readonly string _place;

        private Disk(string place) => _place = place;

        public static async Task<Disk> MountAsync(string place, string size)
        {
            Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "mounting a disk takes Linux and root");
            Directory.CreateDirectory(place);
            var refusal = await RunAsync("mount", "-t", "tmpfs", "-o", $"size={size},mode=700", "otpactors-specs", place);
            Assert.SkipWhen(refusal is not null, $"no disk can be mounted here: {refusal}");
            return new Disk(place);
        }

        public async Task ChangeAsync(string option) =>
            (await RunAsync("mount", "-o", $"remount,{option}", _place)).ShouldBeNull();

        public async ValueTask DisposeAsync() => (await RunAsync("umount", _place)).ShouldBeNull();

        /// <returns>What it says against it; null if it is done.</returns>
        private static async Task<string?> RunAsync(string file, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : error.Trim();
        }
    }
}
