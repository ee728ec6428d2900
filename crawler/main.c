#include "crawler/program.h"

int main(int argc, char **argv)
{
	return program_main(&crawler_program, argc, argv);
}
