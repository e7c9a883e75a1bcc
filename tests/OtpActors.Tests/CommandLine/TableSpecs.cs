using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine;

public class TableSpecs
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 4, 4, 5, TimeSpan.FromHours(1));

    private static Table Sample => new Table(
            new Column("id"), new Column("at", Keep: 1), new Column("count", Keep: 2, Right: true), new Column("note", Keep: 3, Flexible: true))
        .Add("a-rather-long-identifier-of-40-characters", At, 1_234_567, "words for people that may well be cut off")
        .Add("b", null, 5, null);

    [Fact]
    public void In_a_pipe_columns_are_separated_by_tabs_and_nothing_is_cut() =>
        FakeScreen.Piped(Sample.Write).ShouldBe([
            "id\tat\tcount\tnote",
            "a-rather-long-identifier-of-40-characters\t2026-01-02T03:04:05Z\t1234567\twords for people that may well be cut off",
            "b\t-\t5\t-",
        ]);

    [Fact]
    public void On_a_terminal_they_are_aligned() =>
        Lines(140).ShouldBe([
            "id                                         at                        count  note",
            "a-rather-long-identifier-of-40-characters  2026-01-02 03:04:05Z  1,234,567  words for people that may well be cut off",
            "b                                                                        5",
        ]);

    [Fact]
    public void Where_the_screen_ends_text_for_people_is_cut_then_columns_go_and_never_the_id()
    {
        Lines(100)[1].ShouldBe("a-rather-long-identifier-of-40-characters  2026-01-02 03:04:05Z  1,234,567  words for people that m…");
        Lines(80)[1].ShouldBe("a-rather-long-identifier-of-40-characters  1,234,567  words for people that may…");
        Lines(60)[1].ShouldBe("a-rather-long-identifier-of-40-characters  words for people…");
    }

    [Fact]
    public void Below_60_columns_each_row_is_a_block() =>
        Lines(44).ShouldBe([
            "a-rather-long-identifier-of-40-characters",
            "  at     2026-01-02 03:04:05Z",
            "  count  1,234,567",
            "  note   words for people that may well be",
            "         cut off",
            "b",
            "  count  5",
        ]);

    [Fact]
    public void Ids_that_have_no_room_make_blocks_too_and_stay_whole()
    {
        var table = new Table(new Column("store"), new Column("email")).Add("mongo", new string('a', 250));

        table.Lines(80).Select(line => line.ToString()).ShouldBe(["mongo", "  email", new string('a', 250)]);
    }

    [Fact]
    public void Columns_without_a_value_take_no_room_unless_they_are_the_id()
    {
        var table = new Table(new Column("id"), new Column("reason", Keep: 1)).Add("a", null);
        table.Lines(80).Select(line => line.ToString()).ShouldBe(["id", "a"]);
    }

    [Fact]
    public void No_value_moves_the_cursor_or_makes_another_cell() =>
        FakeScreen.Piped(new Table(new Column("id"), new Column("reply")).Add("a", "250 ok\r\n\e[2Jtab\there").Write)[1]
            .ShouldBe("a\t250 ok [2Jtab here");

    [Fact]
    public void Characters_that_take_two_columns_keep_the_others_aligned()
    {
        var table = new Table(new Column("name"), new Column("n")).Add("字字", "1").Add("e\u0301é", "2");
        table.Lines(80).Select(line => line.ToString()).ShouldBe(["name  n", "字字  1", "e\u0301é    2"]);
    }

    [Theory]
    [InlineData("one two three", 7, "one two|three")]
    [InlineData("one two three", 3, "one|two|three")]
    [InlineData("a-very-long-word b", 5, "a-very-long-word|b")]
    [InlineData("", 5, "")]
    public void Text_is_broken_between_words(string text, int width, string lines) =>
        string.Join('|', TextWidth.Wrap(text, width)).ShouldBe(lines);

    [Fact]
    public void As_many_values_as_columns_make_a_row() =>
        Should.Throw<ArgumentException>(() => new Table(new Column("id")).Add("a", "b"));

    private static List<string> Lines(int width) => [.. Sample.Lines(width).Select(line => line.ToString())];
}
