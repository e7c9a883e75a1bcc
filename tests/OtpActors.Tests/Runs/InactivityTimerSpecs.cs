using Microsoft.Extensions.Time.Testing;
using OtpActors.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public class InactivityTimerSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly InactivityTimer _silence;

    public InactivityTimerSpecs() => _silence = new InactivityTimer(_time, TimeSpan.FromSeconds(45));

    [Fact]
    public void Is_over_after_the_limit()
    {
        _silence.Tick.ShouldBe(TimeSpan.FromSeconds(9));
        Ticks(4).ShouldBeFalse();
        Ticks(1).ShouldBeTrue();
    }

    [Fact]
    public void A_tick_that_comes_a_little_early_may_be_the_last()
    {
        Ticks(4).ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(4.5)); // the limit lies within half a tick
        _silence.IsOver().ShouldBeTrue();
    }

    [Fact]
    public void A_tick_that_comes_as_late_as_the_next_one_counts()
    {
        Ticks(3).ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(18));
        _silence.IsOver().ShouldBeTrue();
    }

    [Fact]
    public void A_tick_is_a_millisecond_at_least() =>
        new InactivityTimer(_time, TimeSpan.FromMilliseconds(4)).Tick.ShouldBe(TimeSpan.FromMilliseconds(1));

    [Fact]
    public void A_word_breaks_it()
    {
        Ticks(4).ShouldBeFalse();
        _silence.Break();
        Ticks(4).ShouldBeFalse();
        Ticks(1).ShouldBeTrue();
    }

    [Theory]
    [InlineData(20)]
    [InlineData(3_600)]
    [InlineData(8_640_000)]
    public void A_tick_that_comes_far_too_late_is_no_silence(int seconds)
    {
        Ticks(4).ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _silence.IsOver().ShouldBeFalse();
        Ticks(1).ShouldBeTrue("what was silent before it still counts");
    }

    [Fact]
    public void Ticks_that_come_in_a_heap_afterwards_count_as_the_moment_they_are()
    {
        Ticks(3).ShouldBeFalse();
        _time.Advance(TimeSpan.FromMinutes(5));
        for (var tick = 0; tick < 33; tick++)
        {
            _silence.IsOver().ShouldBeFalse();
        }
    }

    private bool Ticks(int count)
    {
        var over = false;
        for (var tick = 0; tick < count; tick++)
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            over = _silence.IsOver();
        }

        return over;
    }
}
