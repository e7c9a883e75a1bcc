using System.Diagnostics;
using System.Globalization;
using System.Text;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Inputs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Inputs;

public class RecordSpoolSpecs : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TempDirectory _users = new();
    private readonly TempDirectory _inputs = new();

    public void Dispose()
    {
        _users.Dispose();
        _inputs.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_good_file_is_counted_and_kept_as_its_records()
    {
        var input = await Check("email,otp\na@example.com,1\nb@Example.com,02\na@EXAMPLE.com,3\na@example.com,1\n");

        input.Checked.ShouldSatisfyAllConditions(
            found => found.Good.ShouldBe(4),
            found => found.Bad.ShouldBe(0),
            found => found.FirstBad.ShouldBeEmpty(),
            found => found.Distinct.ShouldBe(2),
            found => found.Repeated.ShouldBe(2));
        input.Spec.ShouldBe(new RecordSpec.Spooled("run1.jsonl", 4, 2));
        _inputs.Names().ShouldBe(["run1.jsonl"]);
        Records(input.Spec!).ShouldBe(
            ["0 a@example.com 1 False", "1 b@example.com 02 False", "2 a@example.com 3 True", "3 a@example.com 1 True"]);
    }

    [Fact]
    public async Task What_is_awkward_in_JSON_comes_back_as_it_was()
    {
        var input = await Check("email,otp\no'ne`il@example.com,\\\njürgen@bücher.example,\"\"\"\\u0041</script>🔑\"\"\"\n");
        Records(input.Spec!).ShouldBe(
            ["0 o'ne`il@example.com \\ False", "1 jürgen@xn--bcher-kva.example \"\\u0041</script>🔑\" False"]);
    }

    [Fact]
    public async Task One_bad_line_refuses_the_file_and_leaves_nothing()
    {
        var input = await Check("email,otp\na@example.com,1\nb,2\nc@example.com,3\n");

        input.Spec.ShouldBeNull();
        input.Checked.Good.ShouldBe(2);
        input.Checked.FirstBad.ShouldBe([new BadLine(3, "the address is not of the form name@domain")]);
        _inputs.Names().ShouldBeEmpty();
    }

    [Fact]
    public async Task Bad_lines_can_be_left_out()
    {
        var input = await Check("email,otp\na@example.com,1\nb,2\nc@example.com,3\n", skipBad: true);

        input.Checked.Bad.ShouldBe(1);
        Records(input.Spec!).ShouldBe(["0 a@example.com 1 False", "1 c@example.com 3 False"]);
    }

    [Fact]
    public async Task A_file_without_one_good_line_is_refused_even_so()
    {
        (await Check("email,otp\nb,2\n", skipBad: true)).Spec.ShouldBeNull();
        _inputs.Names().ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_bad_line_is_counted_and_the_first_twenty_are_kept()
    {
        var lines = Enumerable.Range(2, 1000).Select(line => line % 2 == 0 ? "bad," : $"user{line}@example.com,1");
        var input = await Check($"email,otp\n{string.Join('\n', lines)}");

        input.Checked.Good.ShouldBe(500);
        input.Checked.Bad.ShouldBe(500);
        input.Checked.FirstBad.Select(bad => bad.Line).ShouldBe(Enumerable.Range(1, 20).Select(i => 2L * i));
    }

    [Fact]
    public async Task An_unusable_file_leaves_nothing()
    {
        await Should.ThrowAsync<InputFileException>(() => Check("nonsense\n"));
        await Should.ThrowAsync<InputFileException>(() => Check("email,otp\na@example.com,1\nb@example.com,é\n", encoding: Encoding.Latin1));
        await Should.ThrowAsync<InputFileException>(() =>
            RecordSpool.CheckAsync(_users.File("none.csv"), _inputs.Path, "run1", false, Stop));
        _inputs.Names().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cancelled_check_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Check("email,otp\na@example.com,1\n", cancellation: cancelled.Token));
        _inputs.Names().ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_no_copy_can_be_written_the_message_names_the_directory()
    {
        var occupied = _inputs.File("occupied");
        await File.WriteAllTextAsync(occupied, "", Stop);
        var path = Write("email,otp\na@example.com,1\n");
        var exception = await Should.ThrowAsync<InputFileException>(() =>
            RecordSpool.CheckAsync(path, occupied, "run1", false, Stop));
        exception.Message.ShouldStartWith($"The checked copy cannot be written to '{occupied}'");
    }

    [Fact]
    public async Task Only_its_owner_can_read_a_copy()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such permissions.");
        await Check("email,otp\na@example.com,1\n");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_inputs.File("run1.jsonl")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public async Task A_million_lines_are_checked_in_seconds()
    {
        const int lines = 1_000_000;
        var path = _users.File("million.csv");
        await using (var file = File.CreateText(path))
        {
            file.NewLine = "\n";
            await file.WriteLineAsync("email,otp");
            for (var i = 0; i < lines; i++)
            {
                await file.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"user-{i % 900_000:D7}@example.com,{i:D8}"));
            }
        }

        var clock = Stopwatch.StartNew();
        var input = await RecordSpool.CheckAsync(path, _inputs.Path, "run1", false, Stop);
        var elapsed = clock.Elapsed;

        input.Checked.Good.ShouldBe(lines);
        input.Checked.Distinct.ShouldBe(900_000);
        input.Checked.Repeated.ShouldBe(100_000);
        elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20), "a loaded machine has room, a quadratic check has not");
        RecordSources.Open(input.Spec!, _inputs.Path).Read(999_998).Select(source => source.Record.Otp.Reveal())
            .ShouldBe(["00999998", "00999999"]);
    }

    private IEnumerable<string> Records(RecordSpec spec) => RecordSources.Open(spec, _inputs.Path).Read()
        .Select(source => $"{source.Sequence} {source.Record.Email.Value} {source.Record.Otp.Reveal()} {source.Repeated}");

    private string Write(string content, Encoding? encoding = null)
    {
        var path = _users.File("users.csv");
        File.WriteAllText(path, content, encoding ?? new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return path;
    }

    private Task<SpooledInput> Check(
        string content, bool skipBad = false, CancellationToken? cancellation = null, Encoding? encoding = null) =>
        RecordSpool.CheckAsync(
            Write(content, encoding), _inputs.Path, "run1", skipBad, cancellation ?? Stop);
}
