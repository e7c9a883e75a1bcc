using System.Globalization;
using System.Text;
using OtpActors.Infrastructure.Inputs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Inputs;

public class OtpFileSpecs : IDisposable
{
    private const string Secret = "0073914";

    private readonly TempDirectory _directory = new();

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    public static TheoryData<string> SameTwoRecords =>
    [
        "email,otp\njane@example.com,0012\njoe@example.com,\"3,4\"\n",
        "email,otp\r\njane@example.com,0012\r\njoe@example.com,\"3,4\"\r\n",
        "\uFEFFemail,otp\njane@example.com,0012\njoe@example.com,\"3,4\"",
        "OTP,Email\n0012,jane@example.com\n\"3,4\",joe@example.com\n",
        "\"email\",\"otp\"\n\"jane@example.com\",\"0012\"\n\"joe@example.com\",\"3,4\"\n",
        "\n email , otp \n\njane@example.com,0012\n   \njoe@example.com,\"3,4\"\n\n\n",
        "{\"email\":\"jane@example.com\",\"otp\":\"0012\"}\n{\"otp\":\"3,4\",\"email\":\"joe@example.com\"}\n",
        "\uFEFF \r\n {\"email\":\"jane@example.com\",\"otp\":\"0012\"} \r\n\r\n{ \"email\" : \"JOE@example.com\", \"otp\":\"\\u0033,4\"}",
    ];

    [Theory, MemberData(nameof(SameTwoRecords))]
    public void Every_spelling_of_a_file_gives_the_same_records(string content)
    {
        var records = Read(content).Select(line => line.Error ?? $"{line.Record.Email.Value.ToLowerInvariant()} {line.Record.Otp.Reveal()}");
        records.ShouldBe(["jane@example.com 0012", "joe@example.com 3,4"]);
    }

    [Fact]
    public void A_doubled_quote_is_one() =>
        Read("email,otp\njane@example.com,\"a\"\"b\"\n").ShouldHaveSingleItem().Record.Otp.Reveal().ShouldBe("a\"b");

    public static TheoryData<string, string> BadCsvLines => new()
    {
        { $"jane,{Secret}", "name@domain" },
        { $",{Secret}", "the address is empty" },
        { $"ja\u202Ene@example.com,{Secret}", "invisible" },
        { "jane@example.com,", "the password is empty" },
        { "jane@example.com,\"\"", "the password is empty" },
        { $"jane@example.com,{Secret}{new string('0', 128)}", "at most 128" },
        { $"jane@example.com, {Secret}", "begins or ends with a blank" },
        { "jane@example.com", "1 column instead of 2" },
        { $"jane@example.com,{Secret},x", "3 columns instead of 2" },
        { $"jane@example.com,\"{Secret}", "never closed" },
        { $"jane@example.com,\"{Secret}\"x", "follows a closing quote" },
        { $"jane@example.com,{Secret}\"x", "a quote inside a field" },
        { $"jane@example.com,\"{Secret}\rx\"", "carriage return" },
        { $"\"jane@example.com,{Secret}", "never closed" },
        { $"jane@example.com,\"{Secret}\0", "never closed" },
        { $"jane@example.com,{Secret}\u2028", "control characters" },
        { $"jane@example.com,{Secret}\u0085", "control characters" },
        { $"\uFEFFjane@example.com,{Secret}", "invisible" },
        { $"jane\0@example.com,{Secret}", "control" },
        { "\0\0\0", "1 column" },
        { $"jane@example.com,{Secret}\u0007", "control characters" },
        { $"{new string('x', 70_000)},{Secret}", "longer than 64 KiB" },
        { $"{new string('x', 600_000)},{Secret}", "longer than 64 KiB" },
    };

    [Theory, MemberData(nameof(BadCsvLines))]
    public void A_bad_line_of_CSV_spoils_itself_alone(string bad, string reason) =>
        ShouldSpoilItselfAlone($"email,otp\n\na@example.com,1\r\n{bad}\nb@example.com,2\n", reason, badLine: 4);

    public static TheoryData<string, string> BadJsonLines => new()
    {
        { $"{{\"email\":\"jane\",\"otp\":\"{Secret}\"}}", "name@domain" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":{Secret}", "broken JSON at byte" },
        { "{\"email\":\"jane@example.com\",\"otp\":73914}", "number, which would lose leading zeros" },
        { "{\"email\":\"jane@example.com\",\"otp\":null}", "the otp is not a string" },
        { "{\"email\":\"jane@example.com\",\"otp\":[\"1\"]}", "the otp is not a string" },
        { "{\"email\":{},\"otp\":\"1\"}", "the email is not a string" },
        { "{\"email\":\"jane@example.com\"}", "the otp is missing" },
        { $"{{\"otp\":\"{Secret}\"}}", "the email is missing" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"1\",\"{Secret}\":1}}", "neither email nor otp" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"{Secret}\",\"again\":true}}", "neither email nor otp" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"1\",\"otp\":\"{Secret}\"}}", "there twice" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"{Secret}\"}},", "broken JSON at byte" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"{Secret}\"", "broken JSON at byte" },
        { $"{{\"email\":\"jane@example.com\",\"otp\":\"{Secret}\\ud800\"}}", "not Unicode" },
        { $"{{\"email\":\"jane@example.com\",\"\\ud800\":\"{Secret}\"}}", "not Unicode" },
        { $"\"{Secret}\"", "not a JSON object" },
        { Secret, "broken JSON at byte" },
        { "{}", "the email is missing" },
        { $"jane@example.com,{Secret}", "broken JSON at byte" },
        { $"{{\"email\":\"{new string('x', 70_000)}", "longer than 64 KiB" },
    };

    [Theory, MemberData(nameof(BadJsonLines))]
    public void A_bad_line_of_JSON_spoils_itself_alone(string bad, string reason) =>
        ShouldSpoilItselfAlone(
            $"{{\"email\":\"a@example.com\",\"otp\":\"1\"}}\n\n\r\n{bad}\r\n{{\"email\":\"b@example.com\",\"otp\":\"2\"}}", reason, badLine: 4);

    public static TheoryData<string, string> UnusableFiles => new()
    {
        { "", "it is empty" },
        { "\uFEFF", "it is empty" },
        { " \r\n\n", "it is empty" },
        { "email,otp\n", "a header and no records" },
        { "email,otp", "a header and no records" },
        { $"jane@example.com,{Secret}\n", "line 1 is not the header 'email,otp': it names neither column" },
        { $"email,password\njane@example.com,{Secret}\n", "the column 'otp' is missing" },
        { $"email\njane@example.com\n", "the column 'otp' is missing" },
        { $"\nemail,otp,name\njane@example.com,{Secret},Jane\n", "line 2 is not the header 'email,otp': there are 3 columns" },
        { $"email,otp,otp\njane@example.com,{Secret},1\n", "there are 3 columns" },
        { $"email;otp\njane@example.com;{Secret}\n", "not separated by commas" },
        { $"email\totp\njane@example.com\t{Secret}\n", "not separated by commas" },
        { $"[{{\"email\":\"jane@example.com\",\"otp\":\"{Secret}\"}}]", "it is a JSON array" },
        { new string('x', 300_000), "line 1 is not the header" },
    };

    [Theory, MemberData(nameof(UnusableFiles))]
    public void An_unusable_file_is_refused_with_what_is_wanted(string content, string reason)
    {
        var exception = Should.Throw<InputFileException>(() => Read(content));
        exception.Message.ShouldContain(reason);
        exception.Message.ShouldContain("input.dat");
        exception.Message.ShouldContain("Wanted is CSV with the header 'email,otp'");
        exception.ToString().ShouldNotContain(Secret);
    }

    [Fact]
    public void A_missing_file_a_directory_and_a_broken_device_are_told_apart()
    {
        Message(_directory.File("none.csv")).ShouldStartWith($"There is no file '{_directory.File("none.csv")}'");
        Message(_directory.File("none/none.csv")).ShouldStartWith("There is no file");
        Message("").ShouldStartWith("There is no file");
        Message(_directory.Path).ShouldContain("is a directory");
        if (OperatingSystem.IsLinux())
        {
            Message("/proc/self/mem").ShouldContain("cannot be read");
        }

        static string Message(string path) => Should.Throw<InputFileException>(() => OtpFile.Read(path).Count()).Message;
    }

    [Fact]
    public void Other_encodings_are_refused_by_name_or_line()
    {
        Should.Throw<InputFileException>(() => Read(Encoding.Unicode, "email,otp\n")).Message.ShouldContain("is UTF-16");
        Should.Throw<InputFileException>(() => Read(Encoding.BigEndianUnicode, "email,otp\n")).Message.ShouldContain("is UTF-16");
        Should.Throw<InputFileException>(() => Read(Encoding.Latin1, "email,otp\na@example.com,1\njürgen@example.com,2\n"))
            .Message.ShouldContain("is not UTF-8: line 3");
        Should.Throw<InputFileException>(() => Read(Encoding.Latin1, "{\"email\":\"jürgen@example.com\",\"otp\":\"1\"}"))
            .Message.ShouldContain("is not UTF-8: line 1");
    }

    [Theory]
    [InlineData(65_536, null)]
    [InlineData(65_537, "longer than 64 KiB")]
    [InlineData(65_538, "longer than 64 KiB")]
    [InlineData(262_144, "longer than 64 KiB")]
    public void A_line_has_64_KiB_at_most_its_line_break_apart(int length, string? error)
    {
        var line = "{\"email\":\"a@example.com\",\"otp\":\"1\"}".PadRight(length);
        foreach (var end in new[] { "\n", "\r\n", "" })
        {
            Read(line + end).ShouldHaveSingleItem().Error.ShouldBe(error);
            Read($"{line}\r\n{line}{end}").Select(read => read.Error).ShouldBe([error, error]);
        }
    }

    [Fact]
    public void Lines_are_the_same_wherever_the_buffer_ends()
    {
        var content = new StringBuilder("email,otp\r\n");
        for (var i = 0; i < 30_000; i++)
        {
            content.Append(CultureInfo.InvariantCulture, $"user{i}@example.com,{new string('0', i % 50)}{i}\r\n");
        }

        var number = 0;
        foreach (var line in Read(content.ToString()))
        {
            line.Error.ShouldBeNull();
            line.Number.ShouldBe(number + 2);
            line.Record.Email.Value.ShouldBe($"user{number}@example.com");
            line.Record.Otp.Reveal().ShouldBe($"{new string('0', number % 50)}{number}");
            number++;
        }

        number.ShouldBe(30_000);
    }

    /// <summary>Every kind of end and every mixture, at every place of the reader's buffer: the records of the LF version.</summary>
    [Fact]
    public void Records_do_not_depend_on_how_lines_end()
    {
        string[] ends = ["\n", "\r\n", "\r"];
        var bad = new[] { "nobody,1", "", "  ", "ann@example.com,\"1", "2\"", "\",\"", "x,\"\"\"", "a,b,c", new string('x', 70_000), "\u2028", "bob@example.com,\"9\"" };
        var random = new Random(1);
        for (var file = 0; file < 150; file++)
        {
            List<string> lines = random.Next(2) == 0 ? ["email,otp"] : ["otp,email"];
            var kind = random.Next(3);
            for (var i = random.Next(40); i >= 0; i--)
            {
                var row = $"user{i}@example.com,{i:D4}";
                lines.Add(random.Next(4) == 0 ? bad[random.Next(bad.Length)]
                    : lines[0] == "otp,email" ? string.Join(',', row.Split(',').Reverse())
                    : row);
                if (random.Next(30) == 0)
                {
                    lines.Add(new string('y', 262_140 + random.Next(8))); // so that an end meets the buffer's
                }
            }

            lines.Add("last@example.com,7");
            var expected = Rows(string.Join('\n', lines) + "\n");
            var (content, end) = ("", "");
            foreach (var line in lines)
            {
                // An LF right after a CR is no line of its own, as in any text.
                var next = kind < 2 ? ends[kind + 1] : ends[random.Next(line.Length == 0 && end == "\r" ? 1 : 0, 3)];
                (content, end) = (content + line + next, next);
            }

            Rows(content).ShouldBe(expected, $"file {file}");
            if (!content.EndsWith('\n'))
            {
                Rows(content[..^1]).ShouldBe(expected, $"file {file} without its last end");
            }
        }

        List<string> Rows(string content)
        {
            var tally = new FileTally();
            List<OtpLine> rows = [.. ReadFile(content, tally)];
            tally.Rows.ShouldBe(rows.Count + tally.Blank);
            return [.. rows.Select(line => $"{line.Number} {line.Error ?? $"{line.Record.Email.Value} {line.Record.Otp.Reveal()}"}")];
        }
    }

    public static TheoryData<string, string[]> OddEnds => new()
    {
        { "email,otp\ra@example.com,1\rb@example.com,2\r", ["2 1", "3 2"] },
        { "email,otp\na@example.com,1\rb@example.com,2\nc@example.com,3\n", ["2 1", "3 2", "4 3"] },
        { "email,otp\ra@example.com,1", ["2 1"] },
        { "\r\remail,otp\r\r\na@example.com,1\n\rb@example.com,2\r\n\r\n", ["5 1", "7 2"] },
        { "\uFEFFemail,otp\ra@example.com,1", ["2 1"] },
        { "{\"email\":\"a@example.com\",\"otp\":\"1\"}\r{\"email\":\"b@example.com\",\"otp\":\"2\"}\r", ["1 1", "2 2"] },
        { "{\"email\":\"a@example.com\",\r\"otp\":\"1\"}\r{\"email\":\"b@example.com\",\"otp\":\"2\"}", ["1 broken", "2 not a JSON object", "3 2"] },
        { "email,otp\na@example.com,\"0\r12\"\nb@example.com,2\n", ["2 a line break", "4 2"] },
        { "email,otp\na@example.com,\"0\n12\"\nb@example.com,2\n", ["2 a line break", "4 2"] },
        { "email,otp\na@example.com,\"0\r\n12\"\nb@example.com,2\n", ["2 a line break", "4 2"] },
        { "email,otp\n\"a@exam\rple.com\",1\nb@example.com,2\n", ["2 a line break", "4 2"] },
        { "email,otp\na@example.com,\"0\r\r12\"\nb@example.com,2\n", ["2 a quote is never", "4 a quote inside", "5 2"] },
        { "email,otp\na@example.com,\"0\rb@example.com,2\rc@example.com,\"3\"\r", ["2 a quote is never", "3 2", "4 3"] },
        { "email,otp\na@example.com,\"0\rb@example.com,\"2\rc@example.com,3", ["2 a quote is never", "3 a quote is never", "4 3"] },
        { "email,otp\na@example.com,\"0\r", ["2 a quote is never"] },
        { "email,otp\na@example.com,1\r\r\r", ["2 1"] },
        { "email,otp\na@example.com,1\u2028b@example.com,2\nc@example.com,3", ["2 3 columns", "3 3"] },
        { "email,otp\na@example.com,1\vb@example.com\fc\nc@example.com,3", ["2 the password has control", "3 3"] },
    };

    [Theory, MemberData(nameof(OddEnds))]
    public void A_line_ends_with_LF_or_CR_or_both_and_nothing_else(string content, string[] expected)
    {
        var tally = new FileTally();
        List<OtpLine> rows = [.. ReadFile(content, tally)];
        rows.Count.ShouldBe(expected.Length);
        foreach (var (row, start) in rows.Zip(expected))
        {
            $"{row.Number} {row.Error ?? row.Record.Otp.Reveal()}".ShouldStartWith(start, Case.Sensitive);
        }

        tally.Rows.ShouldBe(rows.Count + tally.Blank);
    }

    [Theory]
    [InlineData("em\rail,otp\na@example.com,1\n", "names neither column")]
    [InlineData("\"em\rail\",otp\na@example.com,1\n", "a quote is never closed")]
    [InlineData("email,\"otp\na@example.com,1\n", "a quote is never closed")]
    [InlineData("\r\r", "it is empty")]
    [InlineData("email,otp\r", "a header and no records")]
    public void A_header_ends_like_any_line(string content, string reason) =>
        Should.Throw<InputFileException>(() => Read(content)).Message.ShouldContain(reason);

    private void ShouldSpoilItselfAlone(string content, string reason, int badLine)
    {
        var lines = Read(content);
        lines.Count.ShouldBe(3);
        lines[0].Record.Email.Value.ShouldBe("a@example.com");
        lines[1].Number.ShouldBe(badLine);
        lines[1].Error.ShouldNotBeNull().ShouldSatisfyAllConditions(
            error => error.ShouldContain(reason),
            error => error.ShouldNotContain(Secret));
        lines[1].ToString().ShouldNotContain(Secret);
        lines[2].Record.Email.Value.ShouldBe("b@example.com");
    }

    private List<OtpLine> Read(string content) => Read(new UTF8Encoding(false), content);

    private List<OtpLine> Read(Encoding encoding, string content)
    {
        var path = _directory.File("input.dat");
        File.WriteAllText(path, content, encoding);
        return [.. OtpFile.Read(path)];
    }

    private IEnumerable<OtpLine> ReadFile(string content, FileTally tally)
    {
        var path = _directory.File("input.dat");
        File.WriteAllText(path, content, new UTF8Encoding(false));
        return OtpFile.Read(path, tally);
    }
}
